"""A replica backend driven by hand, for unit tests of what sits above the port.

It starts nothing. The test says what happens (`emit`, `ready`) and reads what was asked for
(`specs`, `stopped`, `probes`). For whole stories in virtual time use the simulated backend.
"""

from collections.abc import AsyncIterator, Callable, Sequence

from kfsim.api.core import Pod, Probe
from kfsim.base.errors import AlreadyExists, NotFound
from kfsim.base.types import ReplicaKey
from kfsim.replicas.addresses import Address
from kfsim.replicas.backend import (
    BackendCapabilities,
    LogOptions,
    ProbeResult,
    ReplicaBackend,
    ReplicaEvent,
    ReplicaEventKind,
    ReplicaSpec,
    RunningReplica,
)


class FakeBackend(ReplicaBackend):
    """Records calls; events come from the test. `stop` emits GONE unless `holds_stops` is set."""

    def __init__(self, *, capabilities: BackendCapabilities | None = None) -> None:
        self._capabilities = capabilities or BackendCapabilities(name="fake")
        self._listeners: list[Callable[[ReplicaEvent], None]] = []
        self._uids: dict[ReplicaKey, str] = {}
        self._ports: dict[ReplicaKey, int] = {}
        self._logs: dict[tuple[ReplicaKey, str], list[bytes]] = {}
        self.specs: dict[ReplicaKey, ReplicaSpec] = {}
        """What runs now, by key."""
        self.started: list[ReplicaSpec] = []
        self.restarted: list[tuple[ReplicaKey, str]] = []
        self.stopped: list[tuple[ReplicaKey, float]] = []
        self.probes: list[tuple[ReplicaKey, str, Probe]] = []
        self.results: dict[tuple[ReplicaKey, str], ProbeResult] = {}
        """Probe outcomes by replica and container; a failure where nothing is set."""
        self.execs: list[tuple[ReplicaKey, str, tuple[str, ...]]] = []
        self.exec_results: dict[tuple[str, ...], tuple[int, bytes]] = {}
        """Exit code and output by command; success without output where nothing is set."""
        self.start_error: Exception | None = None
        """Raised by the next `start`, then forgotten."""
        self.adoptable: list[RunningReplica] = []
        self.adopted: list[ReplicaSpec] = []
        self.holds_stops = False
        self.is_open = False

    # What the test does

    def emit(
        self,
        key: ReplicaKey,
        kind: ReplicaEventKind,
        container: str = "",
        *,
        exit_code: int | None = None,
        signal: int | None = None,
        reason: str = "",
        message: str = "",
        warning: bool = False,
    ) -> None:
        """Tell the listeners what happened to a replica."""
        if kind is ReplicaEventKind.GONE:
            self.specs.pop(key, None)
        event = ReplicaEvent(
            key=key,
            uid=self._uids.get(key, ""),
            kind=kind,
            container=container,
            exit_code=exit_code,
            signal=signal,
            reason=reason,
            message=message,
            warning=warning,
        )
        for listener in tuple(self._listeners):
            listener(event)

    def emit_started(self, key: ReplicaKey) -> None:
        """All init containers ran to their end, all containers run."""
        spec = self.specs[key].pod.spec
        for container in spec.init_containers:
            self.emit(key, ReplicaEventKind.INIT_STARTED, container.name)
            self.emit(key, ReplicaEventKind.INIT_EXITED, container.name, exit_code=0)
        for container in spec.containers:
            self.emit(key, ReplicaEventKind.STARTED, container.name)

    def ready(self, key: ReplicaKey, container: str) -> None:
        """Probes of the container succeed from now on."""
        self.results[key, container] = ProbeResult(success=True)

    def unready(self, key: ReplicaKey, container: str, message: str = "refused") -> None:
        """Probes of the container fail from now on."""
        self.results[key, container] = ProbeResult(success=False, message=message)

    def write_log(self, key: ReplicaKey, container: str, line: bytes) -> None:
        """Append one line, newline included."""
        self._logs.setdefault((key, container), []).append(line)

    def pod(self, key: ReplicaKey) -> Pod:
        """The Pod that was handed to `start`."""
        return self.specs[key].pod

    # The port

    @property
    def capabilities(self) -> BackendCapabilities:
        return self._capabilities

    def subscribe(self, listener: Callable[[ReplicaEvent], None]) -> None:
        self._listeners.append(listener)

    async def open(self) -> None:
        self.is_open = True

    async def start(self, spec: ReplicaSpec) -> None:
        error, self.start_error = self.start_error, None
        if error is not None:
            raise error
        if spec.key in self.specs:
            raise AlreadyExists(f"cannot start replica {spec.key}: it runs already")
        self.specs[spec.key] = spec
        self.started.append(spec)
        self._uids[spec.key] = spec.uid
        self._ports.setdefault(spec.key, 20_000 + len(self._ports))

    async def restart_container(self, key: ReplicaKey, container: str) -> None:
        self._known(key)
        self.restarted.append((key, container))

    async def stop(self, key: ReplicaKey, *, grace_seconds: float) -> None:
        self.stopped.append((key, grace_seconds))
        if key in self.specs and not self.holds_stops:
            self.emit(key, ReplicaEventKind.GONE)

    def address(self, key: ReplicaKey, port: int) -> Address:
        self._known(key)
        return Address("127.0.0.1", self._ports[key])

    async def probe(self, key: ReplicaKey, container: str, probe: Probe) -> ProbeResult:
        self._known(key)
        self.probes.append((key, container, probe))
        return self.results.get((key, container), ProbeResult(success=False, message="refused"))

    async def logs(self, key: ReplicaKey, options: LogOptions) -> AsyncIterator[bytes]:
        lines = self._logs.get((key, options.container))
        if lines is None:
            raise NotFound(f"no log of container {options.container!r} of replica {key}")
        start = 0 if options.tail_lines is None else max(0, len(lines) - options.tail_lines)
        for line in lines[start:]:
            yield line

    async def exec(
        self, key: ReplicaKey, container: str, command: Sequence[str]
    ) -> tuple[int, bytes]:
        self._known(key)
        self.execs.append((key, container, tuple(command)))
        return self.exec_results.get(tuple(command), (0, b""))

    async def find_running(self) -> Sequence[RunningReplica]:
        return tuple(self.adoptable)

    def adopt(self, spec: ReplicaSpec) -> None:
        if spec.key not in {each.key for each in self.adoptable}:
            raise NotFound(f"replica {spec.key} is not running")
        self.specs[spec.key] = spec
        self._uids[spec.key] = spec.uid
        self._ports.setdefault(spec.key, 20_000 + len(self._ports))
        self.adopted.append(spec)

    async def close(self) -> None:
        self.is_open = False

    def _known(self, key: ReplicaKey) -> ReplicaSpec:
        if key not in self.specs:
            raise NotFound(f"replica {key} is not running")
        return self.specs[key]
