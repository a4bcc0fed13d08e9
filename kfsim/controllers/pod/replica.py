"""What the kubelet keeps about one live replica."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from kfsim.api.core import Container, Pod
from kfsim.base.types import ReplicaKey, RevisionKey
from kfsim.controllers.pod.environment import Sources, resolve_container
from kfsim.controllers.pod.files import resolve_files
from kfsim.controllers.pod.milestones import Milestones
from kfsim.replicas.backend import ReplicaEvent, ReplicaSpec
from kfsim.replicas.devices import Holder
from kfsim.replicas.lifecycle import ReplicaState, Running, Terminated
from kfsim.replicas.marks import REVISION_LABEL
from kfsim.replicas.serving import real_containers, serving_container, serving_port

DEFAULT_GRACE = 30.0


class Stage(StrEnum):
    """Where a replica is between its Pod's first sight and its end."""

    UNSCHEDULABLE = "Unschedulable"
    """Waits for GPUs, or for a resource that this host will never have."""
    HELD = "Held"
    """A ConfigMap or Secret that the Pod needs is missing."""
    QUEUED = "Queued"
    """Waits for a place to start."""
    LIVE = "Live"
    """Handed to the backend."""
    REPLACING = "Replacing"
    """Stopped because a probe failed; started again once it is gone."""
    DRAINING = "Draining"
    STOPPING = "Stopping"
    ENDED = "Ended"
    """Nothing is left of it."""


class PendingStart(NamedTuple):
    """A container that runs while its postStart hook does; its Pod shows it once that is over."""

    event: ReplicaEvent
    wall: float
    now: float


class Note(NamedTuple):
    """An Event to write about the Pod, with the next reconcile."""

    type: str
    reason: str
    message: str


@dataclass(slots=True)
class Replica:
    """One replica. `present` says that the backend knows it, `lives` how often it was started as a
    whole, `due` when which container is to be started again and `held_back` when that wait is to
    be shown (clock seconds), `pending` are containers whose postStart hook runs, `shown` is the
    state that the Pod's status shows already, `blamed` the container whose probe or hook failed,
    `verdict` the waiting reason and message for it. `outdated` says that `spec` has changed since
    the backend was given it; `milestones` are the moments of its first start."""

    key: ReplicaKey
    uid: str
    pod: Pod
    state: ReplicaState
    stage: Stage
    spec: ReplicaSpec | None = None
    present: bool = False
    lives: int = 0
    starting: asyncio.Task[None] | None = None
    address: str | None = None
    due: dict[str, float] = field(default_factory=dict)
    held_back: dict[str, float] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    pending: dict[str, PendingStart] = field(default_factory=dict)
    shown: ReplicaState | None = None
    drain_began: float = 0.0
    blamed: str = ""
    verdict: tuple[str, str] | None = None
    outdated: bool = False
    milestones: Milestones = field(default_factory=Milestones)

    @property
    def holder(self) -> Holder:
        """Who it is in the books about GPUs."""
        return Holder(*self.key, self.uid)

    @property
    def where(self) -> str:
        """The Pod as kubelet writes it in messages."""
        return f"{self.key.name}_{self.key.namespace}({self.uid})"

    @property
    def restart_policy(self) -> str:
        return self.pod.spec.restart_policy or "Always"

    @property
    def grace(self) -> float:
        """Seconds between SIGTERM and SIGKILL, drain included."""
        given = self.pod.spec.termination_grace_period_seconds
        return DEFAULT_GRACE if given is None else float(given)

    @property
    def ending(self) -> bool:
        return self.stage in (Stage.DRAINING, Stage.STOPPING, Stage.ENDED)

    def container(self, name: str) -> Container | None:
        """The container as the Pod names it, the queue-proxy record excepted."""
        return next((each for each in real_containers(self.pod) if each.name == name), None)

    def running_containers(self) -> Iterator[Container]:
        for container in real_containers(self.pod):
            record = self.state.find(container.name)
            if container.name in self.pending or (record is not None and record.running):
                yield container


def make_replica_spec(pod: Pod, sources: Sources) -> ReplicaSpec:
    """What to start: references resolved, and without the queue-proxy, which is a record only.

    Raises MissingReference, and Invalid for a field that does not exist.
    """
    files = resolve_files(pod, sources)
    spec = pod.spec.replaced(
        containers=tuple(resolve_container(each, pod, sources) for each in real_containers(pod)),
        init_containers=tuple(
            resolve_container(each, pod, sources) for each in pod.spec.init_containers
        ),
    )
    metadata = pod.metadata
    return ReplicaSpec(
        key=ReplicaKey(metadata.namespace, metadata.name),
        uid=metadata.uid,
        revision=RevisionKey(metadata.namespace, metadata.labels.get(REVISION_LABEL, "")),
        pod=pod.replaced(spec=spec),
        serving_container=serving_container(pod).name,
        serving_port=serving_port(pod),
        files=files,
    )


def all_ended(state: ReplicaState, *, wall: float) -> ReplicaState:
    """The state in which what still ran was killed with the replica (exit code 137)."""
    for record in (*state.init, *state.containers):
        if isinstance(record.phase, Running):
            ended = Terminated(
                exit_code=137,
                reason="ContainerStatusUnknown",
                finished=wall,
                started=record.phase.started,
                message="The container could not be located when the pod was terminated",
            )
            state = state.with_record(replace(record, phase=ended, initialized=False, probed=False))
    return state
