"""A ReplicaState shown as Kubernetes shows a Pod's status.

Phase, container states and conditions follow pkg/kubelet/kubelet_pods.go and
pkg/kubelet/status/generate.go, so that `kubectl get pods` prints Init:0/1, PodInitializing,
ContainerCreating, CrashLoopBackOff, Error, Completed, 1/2 and 2/2 as on a cluster.
"""

from collections.abc import Sequence

from kfsim.api.conditions import FALSE, TRUE
from kfsim.api.core import (
    ContainerState,
    ContainerStateRunning,
    ContainerStateTerminated,
    ContainerStateWaiting,
    ContainerStatus,
    Pod,
    PodIP,
    PodStatus,
)
from kfsim.api.meta import Condition
from kfsim.base.clock import format_timestamp
from kfsim.replicas.lifecycle import (
    ContainerPhase,
    ContainerRecord,
    ReplicaState,
    Running,
    Terminated,
    Waiting,
)
from kfsim.replicas.marks import NODE_ADDRESS
from kfsim.replicas.serving import QUEUE_PROXY


def make_pod_status(
    pod: Pod, state: ReplicaState, *, wall: float, address: str | None = None
) -> PodStatus:
    """The status to write; conditions that do not change keep their transition time."""
    now = format_timestamp(wall)
    if state.unschedulable is not None:
        return _unscheduled(pod, state.unschedulable, now)
    phase = resolve_phase(state, restart_policy=pod.spec.restart_policy or "Always")
    ip = address if address is not None else pod.status.pod_ip
    reason, message = state.failure or (None, None)
    return PodStatus(
        phase=phase,
        conditions=_conditions(pod.status.conditions, state, phase, now),
        reason=reason,
        message=message,
        host_ip=NODE_ADDRESS,
        pod_ip=ip,
        pod_ips=(PodIP(ip=ip),) if ip else (),
        start_time=format_timestamp(state.accepted),
        init_container_statuses=tuple(
            _container_status(each, ready=each.succeeded, is_init=True) for each in state.init
        ),
        container_statuses=tuple(
            _container_status(each, ready=_shows_ready(state, each), is_init=False)
            for each in state.containers
        ),
        qos_class=resolve_qos_class(pod),
    )


def _unscheduled(pod: Pod, message: str, now: str) -> PodStatus:
    """No kubelet has seen the Pod: there is one condition, and nothing about containers."""
    known = {condition.type: condition for condition in pod.status.conditions}
    old = known.get("PodScheduled")
    scheduled = _condition(old, "PodScheduled", FALSE, "Unschedulable", message, now)
    return PodStatus(
        phase="Pending",
        conditions=(scheduled,) if message else (),
        qos_class=resolve_qos_class(pod),
    )


def resolve_phase(state: ReplicaState, *, restart_policy: str) -> str:
    """Pending, Running, Succeeded or Failed (kubelet's getPhase)."""
    if state.failure is not None:
        return "Failed"
    ends = restart_policy != "Always"
    if ends and restart_policy == "Never" and _any_failed(state.init):
        return "Failed"
    if not state.initialized:
        return "Pending"
    real = [each for each in state.containers if each.name != QUEUE_PROXY]
    if any(isinstance(each.phase, Waiting) and each.last is None for each in real):
        return "Pending"
    if ends and all(isinstance(each.phase, Terminated) for each in real):
        if not _any_failed(real):
            return "Succeeded"
        return "Failed" if restart_policy == "Never" else "Running"
    return "Running"


def _any_failed(records: Sequence[ContainerRecord]) -> bool:
    return any(isinstance(each.phase, Terminated) and each.phase.exit_code for each in records)


def _shows_ready(state: ReplicaState, record: ContainerRecord) -> bool:
    """On a revision's Pod the queue-proxy carries the readiness probe: the user's container counts
    as ready while it runs (1/2) and the queue-proxy once the probe passes (2/2)."""
    if state.failure is not None:
        return False
    if not state.queue_proxy:
        return record.in_service and not state.terminating
    if record.name == QUEUE_PROXY:
        return record.running and state.in_service
    if record.name == state.serving:
        return record.running and record.initialized
    return record.in_service


def _container_status(record: ContainerRecord, *, ready: bool, is_init: bool) -> ContainerStatus:
    return ContainerStatus(
        name=record.name,
        ready=ready,
        started=False if is_init else record.running and record.initialized,
        restart_count=record.restarts,
        image=record.image,
        image_id=record.image_id,
        container_id=record.container_id or None,
        state=_container_state(record.phase),
        last_state=_container_state(record.last) if record.last else ContainerState(),
    )


def _container_state(phase: ContainerPhase) -> ContainerState:
    match phase:
        case Waiting():
            return ContainerState(
                waiting=ContainerStateWaiting(reason=phase.reason, message=phase.message or None)
            )
        case Running():
            return ContainerState(
                running=ContainerStateRunning(started_at=format_timestamp(phase.started))
            )
        case Terminated():
            started = phase.started if phase.started is not None else phase.finished
            return ContainerState(
                terminated=ContainerStateTerminated(
                    exit_code=phase.exit_code,
                    signal=phase.signal,
                    reason=phase.reason,
                    message=phase.message or None,
                    started_at=format_timestamp(started),
                    finished_at=format_timestamp(phase.finished),
                )
            )


def _conditions(
    before: Sequence[Condition], state: ReplicaState, phase: str, now: str
) -> tuple[Condition, ...]:
    containers = _containers_ready(state, phase)
    wanted = {
        "PodReadyToStartContainers": (TRUE, None, None),
        "Initialized": _initialized(state),
        "Ready": containers,
        "ContainersReady": containers,
        "PodScheduled": (TRUE, None, None),
    }
    known = {condition.type: condition for condition in before}
    return tuple(
        _condition(known.get(type_), type_, status, reason, message, now)
        for type_, (status, reason, message) in wanted.items()
    )


def _initialized(state: ReplicaState) -> tuple[str, str | None, str | None]:
    if state.initialized:
        return (TRUE, None, None)
    names = " ".join(each.name for each in state.init if not each.succeeded)
    return (FALSE, "ContainersNotInitialized", f"containers with incomplete status: [{names}]")


def _containers_ready(state: ReplicaState, phase: str) -> tuple[str, str | None, str | None]:
    if phase == "Failed":
        return (FALSE, "PodFailed", None)
    if phase == "Succeeded":
        return (FALSE, "PodCompleted", None)
    unready = [each.name for each in state.containers if not _shows_ready(state, each)]
    if unready:
        text = f"containers with unready status: [{' '.join(unready)}]"
        return (FALSE, "ContainersNotReady", text)
    return (TRUE, None, None)


def _condition(
    old: Condition | None,
    type_: str,
    status: str,
    reason: str | None,
    message: str | None,
    now: str,
) -> Condition:
    since = old.last_transition_time if old is not None and old.status == status else now
    return Condition(
        type=type_, status=status, reason=reason, message=message, last_transition_time=since
    )


def resolve_qos_class(pod: Pod) -> str:
    """BestEffort without requests and limits, Guaranteed with cpu and memory limits equal to the
    requests in every container, else Burstable (pkg/apis/core/v1/helper/qos)."""
    containers = (*pod.spec.init_containers, *pod.spec.containers)
    given = [each.resources for each in containers if each.resources is not None]
    if not any(each.limits or each.requests for each in given):
        return "BestEffort"
    guaranteed = len(given) == len(containers) and all(
        each.limits.get(name) is not None
        and each.requests.get(name, each.limits[name]) == each.limits[name]
        for each in given
        for name in ("cpu", "memory")
    )
    return "Guaranteed" if guaranteed else "Burstable"


def is_pod_ready(pod: Pod) -> bool:
    """The Pod takes requests: condition Ready, and not on its way out."""
    if pod.metadata.deletion_timestamp is not None:
        return False
    return any(each.type == "Ready" and each.status == TRUE for each in pod.status.conditions)
