"""A PodAutoscaler's status from one step of the scale-to-zero machine, and back.

The machine's state lives in the conditions, so that it survives a restart: Active with the time of
its last change, and ScaleTargetInitialized (knative pkg/apis/autoscaling/v1alpha1/pa_lifecycle.go).
"""

from kfsim.api.conditions import ConditionManager, ConditionSet, find_condition, is_true
from kfsim.api.knative.internal import PodAutoscaler, PodAutoscalerStatus, ServerlessService
from kfsim.api.meta import Condition
from kfsim.autoscaler.scale_to_zero import (
    SCALE_UNKNOWN,
    ActiveCondition,
    Activity,
    ScaleTargetState,
)
from kfsim.base.clock import format_timestamp, parse_timestamp

ACTIVE = "Active"
INITIALIZED = "ScaleTargetInitialized"
SKS_READY = "SKSReady"
_CONDITIONS = ConditionSet("Ready", (ACTIVE, INITIALIZED, SKS_READY))
NO_PRIVATE_SERVICE = "No Private Service Name"


def read_state(pa: PodAutoscaler, *, wall: float) -> ScaleTargetState:
    """What the previous step left."""
    active = find_condition(pa.status.conditions, ACTIVE)
    if active is None:
        return ScaleTargetState.fresh(wall)
    return ScaleTargetState(
        active=ActiveCondition(
            Activity(active.status), active.reason or "", active.message or "", _since(active, wall)
        ),
        initialized=is_true(pa.status.conditions, INITIALIZED),
    )


def proxy_seconds(condition: Condition | None, *, wall: float) -> float:
    """For how long ActivatorEndpointsPopulated has been True; 0 when it is not."""
    if condition is None or condition.status != "True":
        return 0.0
    return wall - _since(condition, wall)


def begin_conditions(pa: PodAutoscaler, *, wall: float) -> ConditionManager:
    conditions = _CONDITIONS.manager(pa.status.conditions, wall=format_timestamp(wall))
    conditions.initialize()
    return conditions


def mark_state(conditions: ConditionManager, state: ScaleTargetState) -> None:
    """Write Active and ScaleTargetInitialized."""
    active = state.active
    if active.status is Activity.ACTIVE:
        conditions.mark_true(ACTIVE)
    elif active.status is Activity.INACTIVE:
        conditions.mark_false(ACTIVE, active.reason, active.message)
    elif active.reason:
        conditions.mark_unknown(ACTIVE, active.reason, active.message)
    if state.initialized:
        conditions.mark_true(INITIALIZED)


def mark_service(conditions: ConditionManager, sks: ServerlessService) -> None:
    """Write SKSReady."""
    current = sks.status.observed_generation == sks.metadata.generation
    if current and is_true(sks.status.conditions):
        conditions.mark_true(SKS_READY)
        return
    ready = find_condition(sks.status.conditions, "Ready")
    message = (ready.message if ready is not None else None) or ""
    conditions.mark_unknown(SKS_READY, "NotReady", message)


def make_status(
    pa: PodAutoscaler,
    conditions: ConditionManager,
    *,
    sks: ServerlessService | None,
    want: int,
    ready_pods: int,
) -> PodAutoscalerStatus:
    """A scale that is unknown (-1, after a restart) does not overwrite a known one."""
    known = pa.status.desired_scale
    desired = known if want == SCALE_UNKNOWN and known is not None and known >= 0 else want
    return pa.status.replaced(
        observed_generation=pa.metadata.generation,
        conditions=conditions.result(),
        service_name=sks.status.service_name if sks is not None else pa.status.service_name,
        metrics_service_name=(
            sks.status.private_service_name if sks is not None else pa.status.metrics_service_name
        ),
        desired_scale=desired,
        actual_scale=ready_pods,
    )


def _since(condition: Condition, wall: float) -> float:
    """Now at the latest: the wall clock may have been set back since (`api.conditions`)."""
    text = condition.last_transition_time
    return wall if text is None else min(wall, parse_timestamp(text))
