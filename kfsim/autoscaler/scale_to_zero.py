"""From a decision to the number of pods, the service's mode and the Active condition.

One `step` is one reconcile of a PodAutoscaler: the decider's wish goes through the bounds, a wish
for zero goes through the stages below, and what is wanted in the end decides the mode of the
revision's service and whether the revision counts as active. Rules from knative
pkg/reconciler/autoscaling/kpa/{kpa,scaler}.go.

The way to zero: active for at least a stable window -> marked inactive, which puts the activator
into the path -> the activator answers there -> it has done so for the grace period (or the revision
has been inactive for as long, or for the longer pod retention) -> no pods. A revision that never
became active goes to zero when its progress deadline and a little more has passed.
"""

from dataclasses import dataclass
from enum import StrEnum

from kfsim.autoscaler.bounds import ScaleBounds, raise_to_initial_scale, resolve_bounds
from kfsim.autoscaler.capacity import UNLIMITED_BURST
from kfsim.base.types import ServiceMode

SCALE_UNKNOWN = -1
# Added to the progress deadline, so that the Deployment's own failure is seen before its pods go.
ACTIVATION_TIMEOUT_BUFFER = 30.0
# How soon to look again when nothing else would wake the reconciler: the mode is Proxy already.
PROXY_REQUEUE = 3.0
# The background probe for the activator: how often, for how long, and the re-queue at its end.
PROBE_PERIOD = 1.0
PROBE_TIMEOUT = 45.0
PROBE_REQUEUE = 1.0


class Activity(StrEnum):
    """The status of the Active condition."""

    ACTIVE = "True"
    INACTIVE = "False"
    ACTIVATING = "Unknown"


@dataclass(frozen=True, slots=True)
class ActiveCondition:
    """The Active condition; `since` is the time of its last change, of whatever part of it."""

    status: Activity
    reason: str
    message: str
    since: float

    def becomes(self, status: Activity, reason: str, message: str, now: float) -> "ActiveCondition":
        if (self.status, self.reason, self.message) == (status, reason, message):
            return self
        return ActiveCondition(status, reason, message, now)


@dataclass(frozen=True, slots=True)
class ScaleTargetSpec:
    """What is configured for one revision. Times in seconds; activation_timeout is the progress
    deadline, without the buffer."""

    enable_scale_to_zero: bool = True
    stable_window: float = 60.0
    grace_period: float = 30.0
    pod_retention: float = 0.0
    progress_deadline: float = 600.0
    target_burst_capacity: float = 211.0
    initial_scale: int = 1
    min_scale: int = 0
    max_scale: int = 0
    reachable: bool = True


@dataclass(frozen=True, slots=True)
class ScaleTargetState:
    """What one step leaves for the next one; it lives in the PodAutoscaler's conditions."""

    active: ActiveCondition
    initialized: bool = False

    @classmethod
    def fresh(cls, now: float) -> "ScaleTargetState":
        """Of a PodAutoscaler that was never reconciled."""
        return cls(ActiveCondition(Activity.ACTIVATING, "", "", now))


@dataclass(frozen=True, slots=True)
class Observation:
    """What a step sees. `desired` is the decider's wish, -1 when there is none yet; `replicas` what
    the scale target asks for now; `mode` and `proxy_for` the mode of the revision's service and for
    how long the activator has been in the path (0 when it is not); `activator_answers` what a probe
    through that service finds."""

    desired: int
    excess_burst_capacity: int
    ready_pods: int
    replicas: int
    mode: ServiceMode
    proxy_for: float
    activator_answers: bool
    has_service: bool = True


@dataclass(frozen=True, slots=True)
class ScaleStep:
    """The outcome of one step. `want` is -1 while unknown; `apply_replicas` is set only when the
    scale target must change; `requeue_after` asks for another step; `probed` says that
    activator_answers mattered, `start_probe` that a background probe should run (one per revision;
    PROBE_REQUEUE seconds after its end comes another step)."""

    want: int
    apply_replicas: int | None
    mode: ServiceMode
    state: ScaleTargetState
    requeue_after: float | None
    probed: bool
    start_probe: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the handling of zero makes of a wish."""

    pods: int
    apply: bool
    reason: str
    requeue_after: float | None = None
    probed: bool = False
    start_probe: bool = False


def step(
    spec: ScaleTargetSpec, state: ScaleTargetState, seen: Observation, now: float
) -> ScaleStep:
    """One reconcile: what to want, what to apply, and the state after it."""
    reasons: list[str] = []
    wanted = _resolve_want(spec, state, seen, now, reasons)
    if wanted.reason:
        reasons.append(wanted.reason)
    apply = wanted.apply and wanted.pods != seen.replicas
    serve = wanted.pods > 0 and seen.excess_burst_capacity >= 0
    if wanted.pods > 0 and not serve:
        reasons.append(
            f"activator stays in the path: excess burst capacity {seen.excess_burst_capacity}"
        )
    return ScaleStep(
        want=wanted.pods,
        apply_replicas=wanted.pods if apply else None,
        mode=ServiceMode.SERVE if serve else ServiceMode.PROXY,
        state=_next_state(spec, state, seen, wanted.pods, now),
        requeue_after=wanted.requeue_after,
        probed=wanted.probed,
        start_probe=wanted.start_probe,
        reasons=tuple(reasons),
    )


def _resolve_want(
    spec: ScaleTargetSpec,
    state: ScaleTargetState,
    seen: Observation,
    now: float,
    reasons: list[str],
) -> _Wanted:
    if seen.desired < 0 and state.active.status is not Activity.ACTIVATING:
        return _Wanted(SCALE_UNKNOWN, apply=False, reason="no decision yet: nothing changes")
    bounds = raise_to_initial_scale(
        _bounds(spec),
        initial_scale=spec.initial_scale,
        initialized=state.initialized,
        reachable=spec.reachable,
    )
    desired = bounds.clamp(seen.desired)
    if desired != seen.desired:
        reasons.append(
            f"bounds {bounds.minimum}..{bounds.maximum or 'unbounded'} turn {seen.desired} "
            f"into {desired}"
        )
    if desired != 0:
        return _Wanted(desired, apply=True, reason="")
    if not spec.enable_scale_to_zero:
        return _Wanted(1, apply=True, reason="scale to zero is disabled: one pod stays")
    age = now - state.active.since
    if state.active.status is Activity.ACTIVATING:
        return _zero_while_activating(spec, age)
    if state.active.status is Activity.ACTIVE:
        return _zero_while_active(spec, seen, age)
    return _zero_while_inactive(spec, seen, age)


def _zero_while_activating(spec: ScaleTargetSpec, age: float) -> _Wanted:
    timeout = spec.progress_deadline + ACTIVATION_TIMEOUT_BUFFER
    if age > timeout:
        return _Wanted(0, apply=True, reason=f"not ready within {timeout:g}s: giving up")
    return _Wanted(
        SCALE_UNKNOWN,
        apply=False,
        reason=f"still starting: gives up {timeout:g}s after the start",
        requeue_after=timeout,
    )


def _zero_while_active(spec: ScaleTargetSpec, seen: Observation, age: float) -> _Wanted:
    if age >= spec.stable_window:
        return _Wanted(
            0,
            apply=False,
            reason=f"no traffic for a stable window, active for {age:g}s: becomes inactive",
            requeue_after=PROXY_REQUEUE if seen.mode is ServiceMode.PROXY else None,
        )
    left = spec.stable_window - age
    return _Wanted(
        1,
        apply=True,
        reason=f"active for only {age:g}s: one pod stays for another {left:g}s",
        requeue_after=left,
    )


def _zero_while_inactive(spec: ScaleTargetSpec, seen: Observation, age: float) -> _Wanted:
    # With an unlimited burst the activator is in the path by definition.
    probed = spec.target_burst_capacity != UNLIMITED_BURST
    if probed and not seen.activator_answers:
        return _Wanted(
            0,
            apply=False,
            reason="the activator is not in the path yet: pods stay",
            probed=True,
            start_probe=True,
        )
    retention = spec.pod_retention if spec.reachable else 0.0
    if age >= max(spec.grace_period, retention):
        return _Wanted(0, apply=True, reason=f"inactive for {age:g}s: to zero", probed=probed)
    if age < retention:
        return _Wanted(
            0,
            apply=False,
            reason=f"pod retention keeps the last pod for another {retention - age:g}s",
            requeue_after=retention - age,
            probed=probed,
        )
    left = spec.grace_period - seen.proxy_for
    if left <= 0:
        return _Wanted(
            0,
            apply=True,
            reason=f"activator in the path for {seen.proxy_for:g}s: to zero",
            probed=probed,
        )
    return _Wanted(
        0,
        apply=False,
        reason=f"grace period: pods stay for another {left:g}s",
        requeue_after=left,
        probed=probed,
    )


def _bounds(spec: ScaleTargetSpec) -> ScaleBounds:
    return resolve_bounds(
        min_scale=spec.min_scale, max_scale=spec.max_scale, reachable=spec.reachable
    )


def _next_state(
    spec: ScaleTargetSpec, state: ScaleTargetState, seen: Observation, want: int, now: float
) -> ScaleTargetState:
    """The conditions after a step; computeActiveCondition in kpa.go has the table."""
    minimum = _bounds(spec).minimum
    enough = max(minimum, 1 if state.initialized else spec.initial_scale)
    ready = seen.ready_pods >= enough
    initialized = state.initialized or (ready and seen.has_service)
    # `enough` stays as it is for the rest of this step: being initialized counts from the next one.
    before = state.active
    inactive = before.status is Activity.INACTIVE
    if want == 0 or enough == 0:
        timed_out = before.status is Activity.ACTIVATING and enough > 0
        active = _mark_timed_out(before, now) if timed_out else _mark_no_traffic(before, now)
    elif ready:
        active = before
        if want > 0 or not inactive:
            active = before.becomes(Activity.ACTIVE, "", "", now)
    elif want > 0 or not inactive:
        active = before.becomes(
            Activity.ACTIVATING,
            "Queued",
            "Requests to the target are being buffered as resources are provisioned.",
            now,
        )
    else:
        active = _mark_no_traffic(before, now)
    return ScaleTargetState(active, initialized)


def _mark_timed_out(before: ActiveCondition, now: float) -> ActiveCondition:
    return before.becomes(Activity.INACTIVE, "TimedOut", "The target could not be activated.", now)


def _mark_no_traffic(before: ActiveCondition, now: float) -> ActiveCondition:
    return before.becomes(
        Activity.INACTIVE, "NoTraffic", "The target is not receiving traffic.", now
    )
