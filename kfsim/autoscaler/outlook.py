"""When a revision will be at zero pods, if no further request comes: in words and in seconds.

    last load ──stable window, scale-down delay──▶ inactive ──grace, retention──▶ no pods

The same rules as in `scale_to_zero`, looked at from the front. The grace period passes unnoticed
where the activator is in the path of a single idle pod anyway, as it is with the default target
burst capacity: 60 s after the last request the pod goes at once. Decisions are made every two
seconds, so a pod may go that much later than said.
"""

from dataclasses import dataclass

from kfsim.autoscaler.capacity import compute_excess_burst_capacity
from kfsim.autoscaler.scale_to_zero import ActiveCondition, Activity, ScaleTargetSpec
from kfsim.autoscaler.spec import DeciderSpec


@dataclass(frozen=True, slots=True)
class Outlook:
    """`plan` completes "scales to zero …". `seconds` are those left, None where nothing counts
    down: it never goes to zero, is on its way up, or is at zero already. `idle` is how long ago
    the last load was, None where there was none that is still known."""

    plan: str
    seconds: float | None = None
    idle: float | None = None


def foresee_zero(
    target: ScaleTargetSpec,
    decider: DeciderSpec,
    active: ActiveCondition,
    *,
    load_left: float | None,
    wall: float,
) -> Outlook:
    """`load_left`: seconds until the last load leaves the stable window, negative once it has,
    None without any; `wall`: now, on the clock of `active`."""
    idle = None if load_left is None else max(0.0, decider.stable_window - load_left)
    never = _describe_never(target)
    if never:
        return Outlook(f"never: {never}", None, idle)
    seconds = _count_down(target, decider, active, load_left=load_left or 0.0, wall=wall)
    return Outlook(_describe_plan(target, decider), seconds, idle)


def _count_down(
    target: ScaleTargetSpec,
    decider: DeciderSpec,
    active: ActiveCondition,
    *,
    load_left: float,
    wall: float,
) -> float | None:
    hold = _hold(target, decider)
    if active.status is Activity.ACTIVATING:
        return None
    if active.status is Activity.INACTIVE:
        left = active.since + hold - wall
        return left if left > 0 else None
    window_left = active.since + target.stable_window - wall
    return max(load_left + decider.scale_down_delay, window_left, 0.0) + hold


def _describe_never(target: ScaleTargetSpec) -> str:
    if target.min_scale > 0 and target.reachable:
        return f"minReplicas {target.min_scale}"
    if not target.enable_scale_to_zero:
        return "enable-scale-to-zero is false in ConfigMap config-autoscaler"
    return ""


def _describe_plan(target: ScaleTargetSpec, decider: DeciderSpec) -> str:
    words = [f"{target.stable_window + decider.scale_down_delay:g} s after the last request"]
    if decider.scale_down_delay:
        words.append(f"of which {decider.scale_down_delay:g} s are scale-down-delay")
    if _retention(target) > _grace(target, decider):
        words.append(f"then {_retention(target):g} s of pod retention")
    elif _grace(target, decider):
        words.append(f"then {target.grace_period:g} s grace")
    return ", ".join(words)


def _hold(target: ScaleTargetSpec, decider: DeciderSpec) -> float:
    """Seconds between becoming inactive and the last pod's end."""
    return max(_retention(target), _grace(target, decider))


def _retention(target: ScaleTargetSpec) -> float:
    return target.pod_retention if target.reachable else 0.0


def _grace(target: ScaleTargetSpec, decider: DeciderSpec) -> float:
    """Nothing where the activator has been in the path of the one pod all along."""
    burst = compute_excess_burst_capacity(decider, ready_pods=1, panic_value=0.0)
    return target.grace_period if burst >= 0 else 0.0
