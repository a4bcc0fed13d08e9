"""Events about an InferenceService, one per change of its status and none for its repetition."""

from collections.abc import Iterable, Sequence

from kfsim.api.conditions import FALSE, find_condition, is_false, is_true
from kfsim.api.kserve.keys import DEPLOYMENT_MODE, STANDARD
from kfsim.api.kserve.types import InferenceService, InferenceServiceStatus
from kfsim.api.meta import Condition
from kfsim.controllers.inferenceservice.plan import RECONCILE_FAILED
from kfsim.controllers.inferenceservice.status import COMPONENT_CONDITIONS
from kfsim.controllers.runtime import Recorder

READY = "InferenceServiceReady"
NOT_READY = "InferenceServiceNotReady"
INTERNAL_ERROR = "InternalError"
SUBSTITUTED = "DeploymentModeSubstituted"

# What reconcile itself found wrong, as opposed to what a Knative Service reports.
_OWN_REASONS = frozenset(
    {
        RECONCILE_FAILED,
        "NotOwned",
        "NoSupportingRuntime",
        "RuntimeNotRecognized",
        "RuntimeDisabled",
        "InvalidPredictorSpec",
        "DeploymentModeNotSupported",
        "MultiNodeNotSupported",
        "ExplainerNotSupported",
    }
)


def report_changes(
    recorder: Recorder, isvc: InferenceService, status: InferenceServiceStatus
) -> None:
    """`isvc` still has the status from before."""
    name, before = isvc.metadata.name, isvc.status
    for condition in _new_failures(before.conditions, status.conditions):
        recorder.warning(isvc, INTERNAL_ERROR, condition.message or condition.reason or "")
    was_ready = is_true(before.conditions)
    if is_true(status.conditions) and not was_ready:
        recorder.normal(isvc, READY, f"InferenceService [{name}] is Ready")
    elif was_ready and is_false(status.conditions):
        failed = ", ".join(
            condition.type
            for condition in status.conditions
            if condition.status == FALSE and condition.severity is None
        )
        recorder.warning(
            isvc, NOT_READY, f"InferenceService [{name}] is no longer Ready because of: {failed}"
        )
    if before.deployment_mode is None and _mode(isvc) == STANDARD:
        recorder.warning(
            isvc,
            SUBSTITUTED,
            "deploymentMode Standard is served as Knative with at least one replica: autoscaling "
            "is by concurrency, and the Deployment, HPA and Ingress of Standard mode do not exist",
        )


def _mode(isvc: InferenceService) -> str | None:
    return isvc.metadata.annotations.get(DEPLOYMENT_MODE)


def _new_failures(before: Sequence[Condition], after: Sequence[Condition]) -> Iterable[Condition]:
    for kind in COMPONENT_CONDITIONS.values():
        condition = find_condition(after, kind.ready)
        if condition is None or condition.status != FALSE:
            continue
        old = find_condition(before, kind.ready)
        known = old is not None and (old.reason, old.message) == (
            condition.reason,
            condition.message,
        )
        if condition.reason in _OWN_REASONS and not known:
            yield condition
