"""A replica's state, folded from the events of its backend and the outcomes of its probes.

    waiting --STARTED--> running --EXITED--> terminated --(back-off)--> running …
       └──FAILED--> waiting, with the reason

Init containers go first, in order; the app containers start when all of them have ended well. The
queue-proxy of a Knative Pod is a record without events of its own: it runs from the moment an app
container has started. `status` shows a `ReplicaState` as Kubernetes would. Times are wall seconds,
except those in `Backoff`, which are the clock's.
"""

from dataclasses import dataclass, field, replace

from kfsim.api.core import Container, ContainerStatus, Pod
from kfsim.base.clock import parse_timestamp
from kfsim.replicas.backend import ReplicaEvent, ReplicaEventKind
from kfsim.replicas.backoff import Backoff
from kfsim.replicas.failures import (
    CREATE_ERROR,
    PULL_BACKOFF,
    PULL_ERROR,
    RUN_ERROR,
    START_ERROR,
    Retry,
    resolve_retry,
)
from kfsim.replicas.serving import QUEUE_PROXY, has_queue_proxy, serving_container

CONTAINER_CREATING = "ContainerCreating"
POD_INITIALIZING = "PodInitializing"
CRASH_LOOP = "CrashLoopBackOff"
POST_START_ERROR = "PostStartHookError"
_CRASHES = frozenset((CRASH_LOOP, RUN_ERROR, POST_START_ERROR))
# What containerd reports of a process that could not be run.
_START_ERROR_CODE = 128


@dataclass(frozen=True, slots=True)
class Waiting:
    reason: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Running:
    started: float


@dataclass(frozen=True, slots=True)
class Terminated:
    exit_code: int
    reason: str
    finished: float
    started: float | None = None
    signal: int | None = None
    message: str = ""


ContainerPhase = Waiting | Running | Terminated


@dataclass(frozen=True, slots=True)
class ContainerRecord:
    """One container. `initialized` says that its startup probe passed (or it has none), `probed`
    that its readiness probe does; `pulls` is the back-off of its image."""

    name: str
    image: str
    phase: ContainerPhase
    container_id: str = ""
    image_id: str = ""
    last: Terminated | None = None
    restarts: int = 0
    initialized: bool = False
    probed: bool = False
    backoff: Backoff = field(default_factory=Backoff)
    pulls: Backoff = field(default_factory=Backoff)

    @property
    def crashed(self) -> bool:
        """It ended, or waits for a restart because it did."""
        return isinstance(self.phase, Terminated) or (
            isinstance(self.phase, Waiting) and self.phase.reason in _CRASHES
        )

    @property
    def running(self) -> bool:
        return isinstance(self.phase, Running)

    @property
    def succeeded(self) -> bool:
        return isinstance(self.phase, Terminated) and self.phase.exit_code == 0

    @property
    def in_service(self) -> bool:
        """Running, and both its startup and its readiness probe pass."""
        return self.running and self.initialized and self.probed


@dataclass(frozen=True, slots=True)
class ReplicaState:
    """All containers of one replica. `failure` (reason, message) is set when the replica as a
    whole is lost or given up: its Pod is Failed for good. `unschedulable` says why no host takes
    it, and is empty while that is being found out."""

    serving: str
    queue_proxy: bool
    init: tuple[ContainerRecord, ...]
    containers: tuple[ContainerRecord, ...]
    accepted: float
    failure: tuple[str, str] | None = None
    terminating: bool = False
    unschedulable: str | None = None

    def find(self, name: str) -> ContainerRecord | None:
        return next((each for each in (*self.init, *self.containers) if each.name == name), None)

    def with_record(self, record: ContainerRecord) -> "ReplicaState":
        """The state with the record of that name exchanged."""
        return replace(
            self,
            init=tuple(record if each.name == record.name else each for each in self.init),
            containers=tuple(
                record if each.name == record.name else each for each in self.containers
            ),
        )

    @property
    def initialized(self) -> bool:
        """All init containers have ended well."""
        return all(each.succeeded for each in self.init)

    @property
    def in_service(self) -> bool:
        """Requests may be sent to it."""
        return (
            not self.terminating
            and self.failure is None
            and bool(self.containers)
            and all(each.in_service for each in self.containers if each.name != QUEUE_PROXY)
        )

    @property
    def gave_up(self) -> bool:
        """Some container ended badly or could not be started at all."""
        return self.failure is not None or any(
            (isinstance(each.phase, Terminated) and not each.succeeded)
            or (isinstance(each.phase, Waiting) and each.phase.reason not in _STILL_STARTING)
            for each in (*self.init, *self.containers)
        )


_STILL_STARTING = frozenset((CONTAINER_CREATING, POD_INITIALIZING))


def begin_replica(pod: Pod, *, wall: float) -> ReplicaState:
    """The state of a Pod of which nothing runs yet."""
    waiting = Waiting(POD_INITIALIZING if pod.spec.init_containers else CONTAINER_CREATING)
    return ReplicaState(
        serving=serving_container(pod).name,
        queue_proxy=has_queue_proxy(pod),
        init=tuple(_fresh(each, waiting) for each in pod.spec.init_containers),
        containers=tuple(_fresh(each, waiting) for each in pod.spec.containers),
        accepted=wall,
    )


def _fresh(container: Container, waiting: Waiting) -> ContainerRecord:
    return ContainerRecord(name=container.name, image=container.image or "", phase=waiting)


def adopt_replica(pod: Pod, *, wall: float, now: float) -> ReplicaState:
    """The state of a replica that already runs, as its Pod's status tells; probes start anew."""
    state = begin_replica(pod, wall=wall)
    for status in pod.status.init_container_statuses:
        record = state.find(status.name)
        if record is not None:
            done = Terminated(exit_code=0, reason="Completed", finished=wall)
            state = state.with_record(
                replace(record, phase=done, restarts=status.restart_count or 0)
            )
    for status in pod.status.container_statuses:
        record = state.find(status.name)
        if record is not None:
            state = state.with_record(
                replace(
                    record,
                    phase=Running(_started_at(status, wall)),
                    container_id=status.container_id or "",
                    image_id=status.image_id or "",
                    last=_last_end(status),
                    restarts=status.restart_count or 0,
                    initialized=bool(status.started),
                    backoff=Backoff(0.0, now),
                )
            )
    return state


def _started_at(status: ContainerStatus, wall: float) -> float:
    running = None if status.state is None else status.state.running
    return parse_timestamp(running.started_at) if running and running.started_at else wall


def _last_end(status: ContainerStatus) -> Terminated | None:
    ended = None if status.last_state is None else status.last_state.terminated
    if ended is None or not ended.finished_at:
        return None
    return Terminated(
        exit_code=ended.exit_code,
        reason=ended.reason or "Error",
        finished=parse_timestamp(ended.finished_at),
        started=parse_timestamp(ended.started_at) if ended.started_at else None,
        signal=ended.signal,
        message=ended.message or "",
    )


def observe(state: ReplicaState, event: ReplicaEvent, *, wall: float, now: float) -> ReplicaState:
    """Fold one event in; GONE is not one container's and is left to `fail_replica`."""
    record = state.find(event.container)
    if record is None:
        return state
    match event.kind:
        case ReplicaEventKind.INIT_STARTED | ReplicaEventKind.STARTED:
            record = replace(record, container_id=event.container_id, image_id=event.image_id)
            state = state.with_record(_started(record, wall, now))
            if event.kind is ReplicaEventKind.STARTED:
                state = _run_queue_proxy(state, wall)
        case ReplicaEventKind.INIT_EXITED | ReplicaEventKind.EXITED:
            state = state.with_record(_ended(record, event, wall, now))
        case ReplicaEventKind.FAILED:
            state = state.with_record(_not_started(record, event, wall, now))
    return state


def _started(record: ContainerRecord, wall: float, now: float) -> ContainerRecord:
    ended = record.phase if isinstance(record.phase, Terminated) else None
    again = ended is not None or record.last is not None
    # A restart's back-off was counted by `restarting`; a first start begins the account.
    backoff = record.backoff if record.backoff.started is not None else Backoff(0.0, now)
    return replace(
        record,
        phase=Running(wall),
        last=ended or record.last,
        restarts=record.restarts + 1 if again else record.restarts,
        initialized=False,
        probed=False,
        backoff=backoff,
        pulls=Backoff(),
    )


def _not_started(
    record: ContainerRecord, event: ReplicaEvent, wall: float, now: float
) -> ContainerRecord:
    reason = event.reason or CREATE_ERROR
    last = record.phase if isinstance(record.phase, Terminated) else record.last
    record = replace(
        record, phase=Waiting(reason, event.message), last=last, initialized=False, probed=False
    )
    match resolve_retry(reason):
        case Retry.PULL:
            return replace(record, pulls=record.pulls.after_failure(now))
        case Retry.CRASH:  # the container was made, and ended before its process ran
            return replace(
                record,
                phase=Waiting(RUN_ERROR, event.message),
                last=Terminated(_START_ERROR_CODE, START_ERROR, wall, message=event.message),
                restarts=record.restarts if last is None else record.restarts + 1,
                backoff=record.backoff.after_exit(now),
            )
    return record


def _ended(
    record: ContainerRecord, event: ReplicaEvent, wall: float, now: float
) -> ContainerRecord:
    code = event.exit_code if event.exit_code is not None else 128 + (event.signal or 9)
    phase = Terminated(
        exit_code=code,
        reason=event.reason or ("Completed" if code == 0 else "Error"),
        finished=wall,
        started=record.phase.started if isinstance(record.phase, Running) else None,
        signal=event.signal,
        message=event.message if code else "",
    )
    return replace(
        record, phase=phase, initialized=False, probed=False, backoff=record.backoff.after_exit(now)
    )


def _run_queue_proxy(state: ReplicaState, wall: float) -> ReplicaState:
    record = state.find(QUEUE_PROXY) if state.queue_proxy else None
    if record is None or record.running:
        return state
    return state.with_record(replace(record, phase=Running(wall), initialized=True, probed=True))


def hold_back(state: ReplicaState, container: str, *, where: str) -> ReplicaState:
    """Show that the container waits for its next attempt; `where` is kubelet's Pod text
    `name_namespace(uid)`."""
    record = state.find(container)
    if record is None:
        return state
    phase = record.phase
    if record.crashed:
        delay = _go_seconds(record.backoff.delay)
        text = f"back-off {delay} restarting failed container={container} pod={where}"
        last = phase if isinstance(phase, Terminated) else record.last
        return state.with_record(replace(record, phase=Waiting(CRASH_LOOP, text), last=last))
    if isinstance(phase, Waiting) and phase.reason == PULL_ERROR:
        text = f'Back-off pulling image "{record.image}": {PULL_ERROR}: {phase.message}'
        return state.with_record(replace(record, phase=Waiting(PULL_BACKOFF, text)))
    return state


def explain_end(state: ReplicaState, container: str, reason: str, message: str) -> ReplicaState:
    """Show why the container that ended was ended."""
    record = state.find(container)
    if record is None or not isinstance(record.phase, Terminated):
        return state
    return state.with_record(replace(record, phase=Waiting(reason, message), last=record.phase))


def _go_seconds(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"


def restarting(state: ReplicaState, container: str, *, now: float) -> ReplicaState:
    """Count the restart of a crashed container that is asked for at `now`."""
    record = state.find(container)
    if record is None or not record.crashed:
        return state
    return state.with_record(replace(record, backoff=record.backoff.restarted(now)))


def set_initialized(state: ReplicaState, container: str, *, passed: bool) -> ReplicaState:
    """The startup probe's verdict."""
    record = state.find(container)
    return state if record is None else state.with_record(replace(record, initialized=passed))


def set_probed(state: ReplicaState, container: str, *, ready: bool) -> ReplicaState:
    """The readiness probe's verdict; a container that does not run stays unready."""
    record = state.find(container)
    if record is None:
        return state
    return state.with_record(replace(record, probed=ready and record.running))


def refuse(state: ReplicaState, container: str, reason: str, message: str) -> ReplicaState:
    """The container cannot be created as its Pod names it."""
    record = state.find(container)
    if record is None:
        return state
    return state.with_record(replace(record, phase=Waiting(reason, message)))


def fail_replica(state: ReplicaState, reason: str, message: str) -> ReplicaState:
    """The whole replica is lost or given up."""
    return replace(state, failure=(reason, message))
