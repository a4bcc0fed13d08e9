"""The port between the Pod controller and whatever runs containers.

The controller owns all policy: when to start, when a probe is due, when a crashed container is
restarted, and draining before `stop`. A backend owns mechanism: it starts what a Pod names, tells
what happened to it through `ReplicaEvent`s in the order they happened, and leaves nothing behind.

One replica is one Pod: its init containers run in order to their end, then all containers start
and share one network identity (one port map). Implementations: `backends.process`,
`backends.docker`, `backends.combined` over the two, and the simulated backend of `simulation`. One
contract suite runs against each.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from kfsim.api.core import Pod, Probe
from kfsim.base.types import ReplicaKey, RevisionKey
from kfsim.replicas.addresses import Address


@dataclass(frozen=True, slots=True)
class BackendCapabilities:
    """What a backend can do; what it cannot is said in the Pod's conditions, never faked."""

    name: str
    adopts: bool = False
    """Replicas outlive the daemon and can be adopted by the next one."""
    enforces_limits: bool = False
    uses_images: bool = False
    namespaces: bool = False
    """Containers have a file system and a network of their own: mount paths and ports are as the
    Pod names them."""


@dataclass(frozen=True, slots=True)
class RegistryLogin:
    """What a registry is told; the password stays out of every text made of this."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReplicaSpec:
    """What to start. `pod` is the complete Pod object (annotations included); `serving_port` is
    the containerPort that receives requests."""

    key: ReplicaKey
    uid: str
    revision: RevisionKey
    pod: Pod
    serving_container: str
    serving_port: int
    files: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    """Contents of configMap and secret volumes, by volume name, then file name."""
    registries: Mapping[str, RegistryLogin] = field(default_factory=dict)
    """Logins of the Pod's imagePullSecrets, by registry as the secrets spell it."""
    devices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Ids of the GPUs given to each container that asks for any, by container name."""


class ReplicaEventKind(StrEnum):
    """What happened. INIT_* concern the named init container, the rest the named container."""

    INIT_STARTED = "InitStarted"
    INIT_EXITED = "InitExited"
    STARTED = "Started"
    EXITED = "Exited"
    FAILED = "Failed"
    """Could not be started at all: `reason` says why (PortNotConfigurable, PathNotMappable,
    NeedsDocker, CreateContainerError, ErrImagePull, EngineUnavailable, …), `message` the mend."""
    NOTED = "Noted"
    """Something worth an Event that changes no state: an image is pulled or stood in for, a limit
    was clamped. `reason` and `message` are the Event's; `warning` its type."""
    GONE = "Gone"
    """Nothing of the replica is left; the last event of a replica, after `stop` or a loss."""


@dataclass(frozen=True, slots=True)
class ReplicaEvent:
    """One observation about one container of one replica."""

    key: ReplicaKey
    uid: str
    kind: ReplicaEventKind
    container: str = ""
    exit_code: int | None = None
    signal: int | None = None
    reason: str = ""
    """For exits: OOMKilled where the kernel ended it for memory, else empty."""
    message: str = ""
    """For exits: the termination message, or the last lines of the log (at most 2 kB)."""
    warning: bool = False
    container_id: str = ""
    """For STARTED and INIT_STARTED: `docker://…`, where the backend has containers."""
    image_id: str = ""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The outcome of one probe attempt; `message` is empty on success."""

    success: bool
    message: str = ""
    status: int | None = None
    """The HTTP status of an httpGet that was answered: a hook passes with any."""


@dataclass(frozen=True, slots=True)
class LogOptions:
    """Which part of a container's log to read."""

    container: str = ""
    follow: bool = False
    tail_lines: int | None = None
    previous: bool = False
    timestamps: bool = False


@dataclass(frozen=True, slots=True)
class RunningReplica:
    """A replica of an earlier daemon that still runs, and the GPUs that its containers hold."""

    key: ReplicaKey
    uid: str
    devices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class ReplicaBackend(Protocol):
    """Starts and stops replicas. All methods are called on the loop; none blocks it."""

    @property
    def capabilities(self) -> BackendCapabilities: ...

    def subscribe(self, listener: Callable[[ReplicaEvent], None]) -> None:
        """Register who hears all events; called on the loop, in the order things happened."""
        ...

    async def open(self) -> None:
        """Acquire what the backend needs (supervisor, engine). Raises Unavailable with the mend."""
        ...

    async def start(self, spec: ReplicaSpec) -> None:
        """Begin the replica and return once it is under way; progress and failures are events.

        Raises AlreadyExists when the key is running.
        """
        ...

    async def restart_container(self, key: ReplicaKey, container: str) -> None:
        """Start one exited (init) container of a known replica again. Raises NotFound."""
        ...

    async def stop(self, key: ReplicaKey, *, grace_seconds: float) -> None:
        """SIGTERM all containers, SIGKILL after the grace period; returns when GONE was sent.

        Unknown keys are ignored.
        """
        ...

    def address(self, key: ReplicaKey, port: int) -> Address:
        """Where a containerPort of a started replica can be reached. Raises NotFound."""
        ...

    async def probe(self, key: ReplicaKey, container: str, probe: Probe) -> ProbeResult:
        """Run one probe attempt now, bounded by the probe's timeoutSeconds."""
        ...

    def logs(self, key: ReplicaKey, options: LogOptions) -> AsyncIterator[bytes]:
        """Log lines, newline included, oldest first; also after the replica ended.

        Raises NotFound when nothing was ever logged under that key.
        """
        ...

    async def exec(
        self, key: ReplicaKey, container: str, command: Sequence[str]
    ) -> tuple[int, bytes]:
        """Run a command beside the container; exit code and combined output."""
        ...

    async def find_running(self) -> Sequence[RunningReplica]:
        """Replicas of an earlier daemon that run already; what is left of others is removed.

        Empty where `capabilities.adopts` is false. Each is then either adopted or stopped.
        """
        ...

    def adopt(self, spec: ReplicaSpec) -> None:
        """Take over a replica that `find_running` named, as if it had been started here.

        What runs causes no event; a container that ended meanwhile gives its EXITED. Raises
        NotFound.
        """
        ...

    async def close(self) -> None:
        """Release everything; replicas that are not adoptable are stopped first."""
        ...
