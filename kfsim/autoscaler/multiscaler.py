"""The deciders of all revisions (knative pkg/autoscaler/scaling/multiscaler.go).

Whoever drives it feeds reports once a second (`record`), calls `tick` every TICK_INTERVAL seconds,
tells about ready pods when their number changes (`set_ready_pods`), and calls `poke` when the
activator holds the first request for a revision. A tick looks only at revisions that are awake: a
decider whose next decision would repeat the last one sleeps until something reaches it, so that a
thousand idle revisions cost nothing.

A revision's status changes in a way that others must act on when its desired scale changes or when
its excess burst capacity changes sign; exactly those are returned by `tick` and `poke`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import NamedTuple

from kfsim.autoscaler.capacity import (
    compute_initial_excess_burst_capacity,
    count_activators,
)
from kfsim.autoscaler.decider import Decider, ScaleResult
from kfsim.autoscaler.spec import DeciderSpec
from kfsim.base.types import RevisionKey, Stat

# Decisions between two pauses: a decision takes about 10 us, and a pause is due each millisecond.
TICK_PART = 64


@dataclass(frozen=True, slots=True)
class DeciderStatus:
    """The latest valid decision for a revision. desired_scale is before bounds, and -1 until there
    was one; `latest` is the latest evaluation, valid or not."""

    revision: RevisionKey
    desired_scale: int
    excess_burst_capacity: int
    num_activators: int
    latest: ScaleResult | None = None


class RevisionScale(NamedTuple):
    """A revision's status, its parameters, and how many of its pods are ready."""

    status: DeciderStatus
    spec: DeciderSpec
    ready_pods: int


class _Runner:
    """One revision's decider, what is known of its pods, and its recent decisions."""

    __slots__ = ("_kept", "decider", "history", "ready_pods", "status")

    def __init__(
        self, revision: RevisionKey, spec: DeciderSpec, *, ready_pods: int, now: float, history: int
    ) -> None:
        self.decider = Decider(spec, initial_ready_pods=ready_pods, now=now)
        self.ready_pods = ready_pods
        self._kept = history
        # No deque: its first block alone takes 600 bytes, also of those that sleep.
        self.history: list[ScaleResult] = []
        self.status = DeciderStatus(
            revision=revision,
            desired_scale=-1,
            excess_burst_capacity=compute_initial_excess_burst_capacity(spec),
            num_activators=count_activators(spec, ready_pods=ready_pods),
        )

    def decide(self, now: float) -> bool:
        """Evaluate once; returns whether others must act on the outcome."""
        before = self.status
        result = self.decider.scale(self.ready_pods, now)
        self._remember(result)
        if not result.scale_valid:
            self.status = DeciderStatus(
                before.revision,
                before.desired_scale,
                before.excess_burst_capacity,
                before.num_activators,
                result,
            )
            return False
        self.status = DeciderStatus(
            before.revision,
            result.desired_pod_count,
            result.excess_burst_capacity,
            result.num_activators,
            result,
        )
        return before.desired_scale != result.desired_pod_count or (
            (before.excess_burst_capacity < 0) != (result.excess_burst_capacity < 0)
        )

    def _remember(self, result: ScaleResult) -> None:
        """Keep the decisions that changed something; a repeated one replaces its predecessor, so
        that a short history reaches far back."""
        repeated = [_outcome(earlier) for earlier in islice(reversed(self.history), 2)]
        if repeated == [_outcome(result)] * 2:
            self.history[-1] = result
            return
        if len(self.history) >= self._kept:
            del self.history[0]
        self.history.append(result)


def _outcome(result: ScaleResult) -> tuple[bool, int, bool, bool]:
    return (
        result.scale_valid,
        result.desired_pod_count,
        result.panic_mode,
        result.excess_burst_capacity < 0,
    )


class MultiScaler:
    """Holds one Decider per revision. Results come in the order in which revisions woke up."""

    def __init__(self, *, history: int = 16) -> None:
        self._history = history
        self._runners: dict[RevisionKey, _Runner] = {}
        # Keys only, in waking order: a dict and not a set, for the same order in every run.
        self._awake: dict[RevisionKey, _Runner] = {}

    def __len__(self) -> int:
        return len(self._runners)

    @property
    def awake(self) -> int:
        """How many revisions the next tick evaluates."""
        return len(self._awake)

    def ensure(
        self, revision: RevisionKey, spec: DeciderSpec, *, ready_pods: int, now: float
    ) -> DeciderStatus:
        """Add the revision, or update its spec and ready pods when it is known; returns its status.

        Cheap when nothing changed: a reconciler calls it every time. A new decider with more than
        one ready pod starts in panic mode with these pods as its floor.
        """
        runner = self._runners.get(revision)
        if runner is None:
            runner = _Runner(revision, spec, ready_pods=ready_pods, now=now, history=self._history)
            self._runners[revision] = runner
            self._awake[revision] = runner
            return runner.status
        if runner.decider.spec != spec:
            runner.decider.update(spec, now)
            self._awake[revision] = runner
        self.set_ready_pods(revision, ready_pods)
        return runner.status

    def remove(self, revision: RevisionKey) -> None:
        """Forget a revision; an unknown one is fine, it may have been removed before."""
        self._runners.pop(revision, None)
        self._awake.pop(revision, None)

    def set_ready_pods(self, revision: RevisionKey, ready_pods: int) -> None:
        """Tell how many of the revision's pods are ready; the next decisions use it. Ignored for
        an unknown revision."""
        runner = self._runners.get(revision)
        if runner is not None and runner.ready_pods != ready_pods:
            runner.ready_pods = ready_pods
            self._awake[revision] = runner

    def record(self, stats: Iterable[Stat], now: float) -> None:
        """Add reports; those of unknown revisions are dropped."""
        runners, awake = self._runners, self._awake
        for stat in stats:
            runner = runners.get(stat.revision)
            if runner is None:
                continue
            if stat.revision not in awake and runner.decider.wakes(stat):
                awake[stat.revision] = runner
            runner.decider.record(stat, now)

    def tick(self, now: float) -> tuple[DeciderStatus, ...]:
        """Decide for every revision that is awake; returns the statuses others must act on."""
        return tuple(chain.from_iterable(self.tick_in_parts(now)))

    def tick_in_parts(
        self, now: float, *, size: int = TICK_PART
    ) -> Iterator[tuple[DeciderStatus, ...]]:
        """A tick that pauses after each `size` decisions, so that a caller with many revisions
        awake can let others run in between. What happens in a pause is fine: a revision removed
        then is skipped, one that wakes then waits for the next tick."""
        due = list(self._awake)
        for start in range(0, len(due), size):
            changed: list[DeciderStatus] = []
            for revision in due[start : start + size]:
                runner = self._awake.get(revision)
                if runner is None:
                    continue
                if runner.decide(now):
                    changed.append(runner.status)
                if runner.decider.is_quiet(now):
                    del self._awake[revision]
            yield tuple(changed)

    def poke(self, revision: RevisionKey, stat: Stat, now: float) -> DeciderStatus | None:
        """Record the activator's report of a first held request, and decide at once when the latest
        decision was 0, or there was none; returns the status when others must act on it.

        Knative waits for the next tick where no decision was made yet (multiscaler.go, Poke); a
        revision deployed at initial scale 0 would then answer its first request 2 s late.

        This is what wakes a revision from zero without waiting for the next tick. The activator
        takes the request that it reported here off its next report (concurrency_reporter.go).
        """
        runner = self._runners.get(revision)
        if runner is None:
            return None
        runner.decider.record(stat, now)
        self._awake[revision] = runner
        if runner.status.desired_scale > 0 or stat.average_concurrent_requests == 0:
            return None
        return runner.status if runner.decide(now) else None

    def status(self, revision: RevisionKey) -> DeciderStatus | None:
        """The latest decision; None for an unknown revision."""
        runner = self._runners.get(revision)
        return None if runner is None else runner.status

    def __iter__(self) -> Iterator["RevisionScale"]:
        """What is decided for each revision that there is at the start, and by what."""
        for runner in tuple(self._runners.values()):
            yield RevisionScale(runner.status, runner.decider.spec, runner.ready_pods)

    def zero_at(self, revision: RevisionKey) -> float | None:
        """When the revision's last load leaves its stable window; None without any."""
        runner = self._runners.get(revision)
        return None if runner is None else runner.decider.zero_at

    def history(self, revision: RevisionKey) -> tuple[ScaleResult, ...]:
        """The last decisions that changed something, oldest first, and the latest one."""
        runner = self._runners.get(revision)
        return () if runner is None else tuple(runner.history)
