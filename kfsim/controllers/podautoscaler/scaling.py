"""The live part of autoscaling: statistics in, decisions out.

Every second the reports of all reporters go into the metric windows; every second second all awake
deciders decide; a poke (the activator holds a first request) decides at once. Only a decision that
others must act on wakes its PodAutoscaler. Nothing of this enters the store.
"""

import asyncio
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kfsim.autoscaler.decider import TICK_INTERVAL, ScaleResult
from kfsim.autoscaler.multiscaler import DeciderStatus, MultiScaler, RevisionScale
from kfsim.autoscaler.outlook import Outlook, foresee_zero
from kfsim.autoscaler.scale_to_zero import ScaleStep, ScaleTargetSpec
from kfsim.autoscaler.spec import DeciderSpec
from kfsim.base.clock import Clock
from kfsim.base.ports import StatSource
from kfsim.base.tasks import TaskSet
from kfsim.base.types import RevisionKey, Stat

_SCRAPE_INTERVAL = 1.0
_SCRAPES_PER_TICK = round(TICK_INTERVAL / _SCRAPE_INTERVAL)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a revision has the scale that it has: its recent decisions, oldest first, what the
    latest reconcile made of the last one, and when it will be at zero. `at` is now, on the clock of
    the decisions."""

    at: float
    decisions: tuple[ScaleResult, ...]
    step: ScaleStep | None
    outlook: Outlook | None = None


@dataclass(frozen=True, slots=True)
class _Applied:
    """What the latest reconcile of a revision decided, and by which rules."""

    step: ScaleStep
    target: ScaleTargetSpec
    decider: DeciderSpec


class Scaling:
    """Drives the deciders of all revisions."""

    def __init__(
        self,
        *,
        clock: Clock,
        stat_source: StatSource,
        wake: Callable[[RevisionKey, float], None],
    ) -> None:
        """`wake(revision, after)` asks for a reconcile of that PodAutoscaler."""
        self._clock = clock
        self._source = stat_source
        self._wake = wake
        self._deciders = MultiScaler()
        self._applied: dict[RevisionKey, _Applied] = {}
        self._tasks = TaskSet("autoscaler")
        stat_source.on_poke(self._on_poke)

    def start(self) -> None:
        """Begin to collect and decide."""
        self._tasks.spawn(self._run(), name="ticks")

    async def close(self) -> None:
        await self._tasks.close()

    def ensure(self, revision: RevisionKey, spec: DeciderSpec, *, ready_pods: int) -> DeciderStatus:
        """Keep a decider for the revision; returns its latest decision."""
        now = self._clock.now()
        return self._deciders.ensure(revision, spec, ready_pods=ready_pods, now=now)

    def remove(self, revision: RevisionKey) -> None:
        self._deciders.remove(revision)
        self._applied.pop(revision, None)

    def remember(
        self,
        revision: RevisionKey,
        step: ScaleStep,
        *,
        target: ScaleTargetSpec,
        decider: DeciderSpec,
    ) -> None:
        """Keep what a reconcile decided, for `explain`."""
        self._applied[revision] = _Applied(step, target, decider)

    def explain(self, revision: RevisionKey) -> Explanation:
        """What `kfsim why` tells of the revision's scale."""
        applied = self._applied.get(revision)
        return Explanation(
            self._clock.now(),
            self._deciders.history(revision),
            applied.step if applied is not None else None,
            self.outlook(revision),
        )

    def outlook(self, revision: RevisionKey) -> Outlook | None:
        """When the revision will be at zero; None before its first reconcile."""
        applied = self._applied.get(revision)
        if applied is None:
            return None
        zero_at = self._deciders.zero_at(revision)
        return foresee_zero(
            applied.target,
            applied.decider,
            applied.step.state.active,
            load_left=None if zero_at is None else zero_at - self._clock.now(),
            wall=self._clock.wall(),
        )

    def scales(self) -> Iterator[tuple[RevisionScale, int]]:
        """All revisions with how many pods were asked for, -1 where that is not known yet."""
        for scale in self._deciders:
            applied = self._applied.get(scale.status.revision)
            yield scale, -1 if applied is None else applied.step.want

    @property
    def awake(self) -> int:
        """How many revisions the next tick looks at."""
        return self._deciders.awake

    def collect(self, now: float) -> None:
        """Take in the reports of the last second."""
        self._deciders.record(self._source.collect(now), now)

    def decide(self, now: float) -> Iterator[None]:
        """Decide for all that are awake; pauses each millisecond or so, to be resumed soon."""
        for part in self._deciders.tick_in_parts(now):
            for status in part:
                self._wake(status.revision, 0.0)
            yield

    def _on_poke(self, revision: RevisionKey, stat: Stat) -> None:
        if self._deciders.poke(revision, stat, self._clock.now()) is not None:
            self._wake(revision, 0.0)

    async def _run(self) -> None:
        due = math.floor(self._clock.now()) + _SCRAPE_INTERVAL
        scrapes = 0
        while True:
            now = self._clock.now()
            if now < due:
                await asyncio.sleep(due - now)
                continue  # a timer may fire a little early
            self.collect(now)
            scrapes += 1
            if scrapes % _SCRAPES_PER_TICK == 0:
                for _ in self.decide(now):
                    await asyncio.sleep(0)
            # After a pause of the host, seconds are skipped rather than made up for.
            due = max(due, math.floor(now)) + _SCRAPE_INTERVAL
