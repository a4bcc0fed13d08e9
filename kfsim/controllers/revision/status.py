"""What a Revision says of its children (knative pkg/apis/serving/v1/revision_lifecycle.go)."""

from kfsim.api.apps import Deployment, DeploymentStatus
from kfsim.api.conditions import (
    FALSE,
    TRUE,
    UNKNOWN,
    ConditionManager,
    ConditionSet,
    find_condition,
    is_true,
)
from kfsim.api.core import ContainerStateTerminated, ContainerStatus, Pod
from kfsim.api.knative.internal import PodAutoscalerStatus
from kfsim.api.meta import Condition
from kfsim.controllers.revision.containers import QUEUE_PROXY
from kfsim.controllers.revision.resources import CONTAINER_HEALTHY, RESOURCES_AVAILABLE
from kfsim.replicas.failures import ENGINE_UNAVAILABLE, describe_end

ACTIVE = "Active"
CONDITIONS = ConditionSet("Ready", (RESOURCES_AVAILABLE, CONTAINER_HEALTHY))
DEPLOYING = "Deploying"
PROGRESS_DEADLINE_EXCEEDED = "ProgressDeadlineExceeded"
CONTAINER_MISSING = "ContainerMissing"
_IMAGE_REASONS = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"}
)
# These do not mend themselves, so waiting for the progress deadline would only hide them.
_SETUP_REASONS = frozenset(
    {
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
        "NeedsDocker",
        "PathNotMappable",
        "PortNotConfigurable",
        "Unsupported",
    }
)


def mark_deploying(conditions: ConditionManager) -> None:
    """The Deployment has just been made."""
    conditions.mark_unknown(RESOURCES_AVAILABLE, DEPLOYING, "")
    conditions.mark_unknown(CONTAINER_HEALTHY, DEPLOYING, "")


def mark_not_owned(conditions: ConditionManager, kind: str, name: str) -> None:
    conditions.mark_false(
        RESOURCES_AVAILABLE,
        "NotOwned",
        f'There is an existing {kind} "{name}" that we do not own.',
    )


def propagate_deployment(conditions: ConditionManager, status: DeploymentStatus) -> None:
    """Progressing, unless a replica cannot be made at all."""
    failure = find_condition(status.conditions, "ReplicaFailure")
    progressing = find_condition(status.conditions, "Progressing")
    if failure is not None and failure.status == TRUE:
        conditions.mark_false(RESOURCES_AVAILABLE, failure.reason, failure.message)
    elif progressing is None:
        conditions.mark_unknown(RESOURCES_AVAILABLE, DEPLOYING, "")
    elif progressing.status == FALSE:
        conditions.mark_false(RESOURCES_AVAILABLE, progressing.reason, progressing.message)
    elif progressing.status == UNKNOWN:
        conditions.mark_unknown(RESOURCES_AVAILABLE, progressing.reason, progressing.message)
    else:
        conditions.mark_true(RESOURCES_AVAILABLE)


def propagate_pod(conditions: ConditionManager, pod: Pod, deployment: Deployment) -> None:
    """Why there is no ready replica, as one of the Pods tells it."""
    scheduled = find_condition(pod.status.conditions, "PodScheduled")
    if scheduled is not None and scheduled.status == FALSE:
        conditions.mark_false(RESOURCES_AVAILABLE, scheduled.reason, scheduled.message)
    timed_out = has_timed_out(deployment.status.conditions)
    for status in pod.status.container_statuses:
        if status.name != QUEUE_PROXY and _propagate_container(
            conditions, status, timed_out=timed_out
        ):
            return


def has_timed_out(conditions: tuple[Condition, ...]) -> bool:
    """Whether the Deployment's progress deadline has passed."""
    progressing = find_condition(conditions, "Progressing")
    return (
        progressing is not None
        and progressing.status == FALSE
        and progressing.reason == PROGRESS_DEADLINE_EXCEEDED
    )


def _propagate_container(
    conditions: ConditionManager, status: ContainerStatus, *, timed_out: bool
) -> bool:
    """True when the container explains the failure."""
    ended = status.last_state.terminated if status.last_state is not None else None
    waiting = status.state.waiting if status.state is not None else None
    if waiting is not None and waiting.reason == ENGINE_UNAVAILABLE:
        # Nothing is wrong with the revision: unknown, so that its replicas are kept meanwhile.
        conditions.mark_unknown(RESOURCES_AVAILABLE, waiting.reason, waiting.message)
        return True
    if ended is not None:
        text = f"Container failed with: {_describe_end(ended)}"
        conditions.mark_false(CONTAINER_HEALTHY, f"ExitCode{ended.exit_code}", text)
        return True
    if waiting is None:
        return False
    if waiting.reason in _IMAGE_REASONS:
        conditions.mark_false(
            CONTAINER_HEALTHY,
            CONTAINER_MISSING,
            f'Unable to fetch image "{status.image or ""}": {waiting.message or waiting.reason}',
        )
        return True
    if waiting.reason in _SETUP_REASONS:
        conditions.mark_false(CONTAINER_HEALTHY, waiting.reason, waiting.message)
        return True
    if timed_out:
        conditions.mark_false(RESOURCES_AVAILABLE, waiting.reason, waiting.message)
    return timed_out


def _waits_for_engine(conditions: ConditionManager) -> bool:
    available = conditions.get(RESOURCES_AVAILABLE)
    return available is not None and available.reason == ENGINE_UNAVAILABLE


def _describe_end(ended: ContainerStateTerminated) -> str:
    if ended.exit_code == 0 and not ended.message:
        return "container exited with no error"
    return describe_end(ended.reason, ended.message)


def propagate_pod_autoscaler(conditions: ConditionManager, status: PodAutoscalerStatus) -> None:
    """Active, and with it the readiness of a revision that has once been up."""
    unavailable = any(
        (condition := conditions.get(type_)) is not None and condition.status == FALSE
        for type_ in CONDITIONS.dependents
    )
    ready = find_condition(status.conditions, "Ready")
    waits = _waits_for_engine(conditions)
    if ready is None:
        conditions.mark_unknown(ACTIVE, DEPLOYING, "", severity="Info")
        if not unavailable and not waits:
            conditions.mark_unknown(RESOURCES_AVAILABLE, DEPLOYING, "")
        return
    initialized = is_true(status.conditions, "ScaleTargetInitialized")
    if initialized and not unavailable and not waits:
        conditions.mark_true(RESOURCES_AVAILABLE)
        conditions.mark_true(CONTAINER_HEALTHY)
    available = conditions.get(RESOURCES_AVAILABLE)
    is_up = bool(status.service_name) and initialized
    if available is not None and available.status == TRUE and not is_up:
        conditions.mark_unknown(RESOURCES_AVAILABLE, DEPLOYING, "")
    if ready.status == TRUE:
        conditions.mark_true(ACTIVE, severity="Info")
    elif ready.status == UNKNOWN:
        conditions.mark_unknown(ACTIVE, ready.reason, ready.message, severity="Info")
    else:
        # At zero without ever having been up: the revision failed within its progress deadline.
        if not initialized and not unavailable and status.service_name:
            conditions.mark_false(
                RESOURCES_AVAILABLE, PROGRESS_DEADLINE_EXCEEDED, "Initial scale was never achieved"
            )
        conditions.mark_false(ACTIVE, ready.reason, ready.message, severity="Info")
