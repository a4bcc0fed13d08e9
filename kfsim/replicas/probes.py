"""One probe of one container, as a machine fed with outcomes.

A probe first waits `initial_delay`, then is tried every `period`. `success_threshold` successes in
a row make it pass, `failure_threshold` failures in a row make it fail (kubelet's
pkg/kubelet/prober/worker.go). While a replica starts, a `fast` probe is tried every few
milliseconds instead, as Knative's queue-proxy does (pkg/queue/readiness/probe.go), so that a cold
start is not rounded up to a period; only one failure per period then counts.
"""

from dataclasses import dataclass, replace

from kfsim.api.core import Probe

# (seconds since the container started, seconds between attempts): a small model is noticed within
# 10 ms, and one that loads for minutes costs ten attempts a second.
_FAST_INTERVALS = ((2.0, 0.010), (10.0, 0.025))
_SLOWEST_FAST_INTERVAL = 0.1


@dataclass(frozen=True, slots=True)
class ProbeTiming:
    """A probe's timing with Kubernetes' defaults applied; seconds."""

    initial_delay: float
    period: float
    timeout: float
    success_threshold: int
    failure_threshold: int


def resolve_timing(probe: Probe) -> ProbeTiming:
    """Zero and absent fields take Kubernetes' defaults (pkg/apis/core/v1/defaults.go)."""
    return ProbeTiming(
        initial_delay=probe.initial_delay_seconds or 0,
        period=probe.period_seconds or 10,
        timeout=probe.timeout_seconds or 1,
        success_threshold=probe.success_threshold or 1,
        failure_threshold=probe.failure_threshold or 3,
    )


@dataclass(frozen=True, slots=True)
class ProbeState:
    """Where a probe stands. `passing` is None until a threshold was reached for the first time."""

    timing: ProbeTiming
    fast: bool
    started: float
    due: float
    failure_counts_from: float
    passing: bool | None = None
    successes: int = 0
    failures: int = 0

    @property
    def in_a_hurry(self) -> bool:
        """Whether attempts follow each other in milliseconds."""
        return self.fast and self.passing is None


@dataclass(frozen=True, slots=True)
class ProbeStep:
    """What one outcome meant. `turned` is the new value of `passing` when it changed; `counted`
    is false for a failed attempt between two periods, which nobody is told of."""

    state: ProbeState
    turned: bool | None
    counted: bool


def begin_probe(
    timing: ProbeTiming, now: float, *, fast: bool, started: float | None = None
) -> ProbeState:
    """A probe that may be tried from `now` on, of a container that started at `started` (or `now`).

    The initial delay counts from the container's start, so that it is over when a startup probe
    took longer (kubelet's pkg/kubelet/prober/worker.go doProbe).
    """
    first = max(now, (now if started is None else started) + timing.initial_delay)
    return ProbeState(
        timing=timing,
        fast=fast,
        started=now,
        due=first,
        failure_counts_from=first + timing.period if fast else first,
    )


def step_probe(state: ProbeState, now: float, *, success: bool) -> ProbeStep:
    """Fold in the outcome of the attempt that ended at `now`."""
    return _succeeded(state, now) if success else _failed(state, now)


def skip_probe(state: ProbeState, now: float) -> ProbeState:
    """The attempt that ended at `now` could not be made: it says nothing about the container, and
    its result is thrown away (kubelet's pkg/kubelet/prober/worker.go doProbe)."""
    return _rescheduled(state, now)


def _succeeded(state: ProbeState, now: float) -> ProbeStep:
    successes = state.successes + 1
    turned = state.passing is not True and successes >= state.timing.success_threshold
    passing = True if turned else state.passing
    stepped = replace(state, successes=successes, failures=0, passing=passing)
    return ProbeStep(_rescheduled(stepped, now), True if turned else None, counted=True)


def _failed(state: ProbeState, now: float) -> ProbeStep:
    if state.in_a_hurry and now < state.failure_counts_from:
        return ProbeStep(_rescheduled(replace(state, successes=0), now), None, counted=False)
    failures = state.failures + 1
    turned = state.passing is not False and failures >= state.timing.failure_threshold
    stepped = replace(
        state,
        successes=0,
        failures=failures,
        # A fast probe stays undecided: the replica is still starting and must not lose its pace.
        passing=False if turned and not state.in_a_hurry else state.passing,
        failure_counts_from=max(state.failure_counts_from, now) + state.timing.period
        if state.in_a_hurry
        else now,
    )
    return ProbeStep(_rescheduled(stepped, now), False if turned else None, counted=True)


def _rescheduled(state: ProbeState, now: float) -> ProbeState:
    if state.in_a_hurry:
        return replace(state, due=now + _fast_interval(now - state.started))
    return replace(state, due=max(state.due + state.timing.period, now))


def _fast_interval(age: float) -> float:
    for limit, interval in _FAST_INTERVALS:
        if age < limit:
            return interval
    return _SLOWEST_FAST_INTERVAL
