"""modelStatus: how far the model of the latest created revision has come. Pure.

Order of decisions as in PropagateModelStatus: no Pods; the storage initializer; Ready; the serving
container. Of several Pods the most advanced speaks, so that a second replica that is still loading
does not hide the first. A past failure stays in lastFailureInfo, as on a cluster.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from kfsim.api.conditions import is_false, is_true
from kfsim.api.core import (
    ContainerStateTerminated,
    ContainerStateWaiting,
    ContainerStatus,
    Pod,
)
from kfsim.api.knative.serving import Service
from kfsim.api.kserve.keys import SERVING_CONTAINER, STORAGE_INITIALIZER
from kfsim.api.kserve.types import FailureInfo, ModelCopies, ModelRevisionStates, ModelStatus
from kfsim.replicas.failures import (
    OOM_KILLED,
    describe_end,
    may_yet_start,
    prevents_start,
)

PENDING: Final = "Pending"
LOADING: Final = "Loading"
LOADED: Final = "Loaded"
FAILED_TO_LOAD: Final = "FailedToLoad"
UP_TO_DATE: Final = "UpToDate"
IN_PROGRESS: Final = "InProgress"
BLOCKED: Final = "BlockedByFailedLoad"
INVALID_SPEC: Final = "InvalidSpec"
MODEL_LOAD_FAILED: Final = "ModelLoadFailed"
RUNTIME_UNHEALTHY: Final = "RuntimeUnhealthy"

_TRANSITIONS: Final = {
    PENDING: IN_PROGRESS,
    LOADING: IN_PROGRESS,
    LOADED: UP_TO_DATE,
    FAILED_TO_LOAD: BLOCKED,
}


def observe_model(
    old: ModelStatus | None,
    *,
    isvc_ready: bool,
    service: Service | None,
    pods: Sequence[Pod],
    revision: str,
) -> ModelStatus:
    """`pods` are those of `revision`, the latest created one."""
    ranked = sorted(pods, key=_progress)
    status = (old or ModelStatus()).replaced(
        copies=ModelCopies(total_copies=sum(_is_ready(pod) for pod in pods))
    )
    current = service is not None and (
        service.status.latest_created_revision_name == service.status.latest_ready_revision_name
    )
    if not ranked:
        return _without_pods(status, service, loaded=isvc_ready and current)
    pod = ranked[0]
    initializer = _find(pod.status.init_container_statuses, STORAGE_INITIALIZER)
    if initializer is not None and initializer.state is not None:
        if initializer.state.running is not None:
            # Running again after a failure tells nothing yet: what was known stays.
            return status if _last_end(initializer) else _with_state(status, LOADING)
        failure = _failure(initializer, pod, revision)
        if failure is not None:
            return _with_state(status, FAILED_TO_LOAD, failure)
    blocked = _find_blocked(pod, revision)
    if isvc_ready and current:
        return _with_state(status, LOADED, blocked)
    serving = _find(pod.status.container_statuses, SERVING_CONTAINER)
    failure = None if serving is None else _failure(serving, pod, revision)
    if failure is not None:
        return _with_state(status, FAILED_TO_LOAD, failure)
    if blocked is not None and not _may_yet_start(pod):
        return _with_state(status, FAILED_TO_LOAD, blocked)
    return _with_state(status, PENDING, blocked)


def invalid_spec(old: ModelStatus | None, *, reason: str, message: str) -> ModelStatus:
    """The spec names what cannot be served; whatever was active stays so."""
    status = old or ModelStatus()
    states = (status.states or ModelRevisionStates()).replaced(target_model_state=FAILED_TO_LOAD)
    return status.replaced(
        transition_status=INVALID_SPEC,
        states=states,
        last_failure_info=FailureInfo(reason=reason, message=message),
    )


def _without_pods(status: ModelStatus, service: Service | None, *, loaded: bool) -> ModelStatus:
    """Not started yet, given up, or scaled to zero."""
    conditions = service.status.conditions if service is not None else ()
    if any(is_false(conditions, condition.type) for condition in conditions):
        return _with_state(status, FAILED_TO_LOAD)
    return _with_state(status, LOADED if loaded else PENDING)


def _with_state(status: ModelStatus, state: str, failure: FailureInfo | None = None) -> ModelStatus:
    states = (status.states or ModelRevisionStates()).replaced(target_model_state=state)
    if state == LOADED:
        states = states.replaced(active_model_state=LOADED)
    changed = status.replaced(transition_status=_TRANSITIONS[state], states=states)
    return changed if failure is None else changed.replaced(last_failure_info=failure)


def _failure(container: ContainerStatus, pod: Pod, revision: str) -> FailureInfo | None:
    """Set when the container ended with an error or is waiting to be started again after one."""
    state = container.state
    if state is None:
        return None
    ended: ContainerStateTerminated | None = None
    if state.terminated is not None and state.terminated.reason in ("Error", OOM_KILLED):
        ended = state.terminated
    elif state.waiting is not None and state.waiting.reason == "CrashLoopBackOff":
        ended = _last_end(container) or ContainerStateTerminated(exit_code=0)
    if ended is None:
        return None
    return FailureInfo(
        location=pod.metadata.name,
        reason=MODEL_LOAD_FAILED,
        message=describe_end(ended.reason, ended.message) or None,
        model_revision_name=revision or None,
        exit_code=ended.exit_code or None,
    )


def _find_blocked(pod: Pod, revision: str) -> FailureInfo | None:
    """Set when a container could not be started at all; KServe keeps silent about these."""
    waiting = next((each for each in _waiting(pod) if prevents_start(each.reason)), None)
    if waiting is None:
        return None
    return FailureInfo(
        location=pod.metadata.name,
        reason=RUNTIME_UNHEALTHY,
        message=f"{waiting.reason}: {waiting.message}" if waiting.message else waiting.reason,
        model_revision_name=revision or None,
    )


def _may_yet_start(pod: Pod) -> bool:
    return any(may_yet_start(each.reason) for each in _waiting(pod))


def _waiting(pod: Pod) -> Iterator[ContainerStateWaiting]:
    for container in (*pod.status.init_container_statuses, *pod.status.container_statuses):
        if container.state is not None and container.state.waiting is not None:
            yield container.state.waiting


def _last_end(container: ContainerStatus) -> ContainerStateTerminated | None:
    return container.last_state.terminated if container.last_state is not None else None


def _find(statuses: Sequence[ContainerStatus], name: str) -> ContainerStatus | None:
    return next((status for status in statuses if status.name == name), None)


def _is_ready(pod: Pod) -> bool:
    return pod.status.phase == "Running" and is_true(pod.status.conditions)


def _progress(pod: Pod) -> tuple[bool, bool, str, str]:
    dying = pod.metadata.deletion_timestamp is not None
    return (
        dying,
        not _is_ready(pod),
        pod.metadata.creation_timestamp or "",
        pod.metadata.name,
    )
