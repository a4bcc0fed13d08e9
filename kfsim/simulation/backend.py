"""The replica backend of virtual time: replicas are timers that follow a script.

Each replica is one task that sleeps through scheduling and its init containers, and one more per
container for its life. What happened is told in events, exactly as the real backends do; probes
succeed from the end of the scripted load time. The queue-proxy of a Pod is a record of the data
plane and never a container here.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from kfsim.api.core import Probe
from kfsim.base.clock import Clock, format_timestamp
from kfsim.base.entropy import Entropy
from kfsim.base.errors import AlreadyExists, NotFound, Unavailable
from kfsim.base.tasks import TaskSet
from kfsim.base.types import ReplicaKey, RevisionKey
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
from kfsim.simulation.logs import ContainerLog
from kfsim.simulation.scripts import ReplicaScript, vary

_QUEUE_PROXY = "queue-proxy"
_SIGKILL = 9
_KILLED = 128 + _SIGKILL
_LATE = "killed after the grace period"


class _Exit(NamedTuple):
    code: int
    message: str
    reason: str = ""


@dataclass(slots=True)
class _Container:
    name: str
    starts: int = 0
    running: bool = False
    loaded_at: float = float("inf")
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by whoever ends the container from outside: a crash asked for, or `stop`."""
    exit: _Exit = field(default_factory=lambda: _Exit(0, ""))


@dataclass(slots=True)
class _Replica:
    spec: ReplicaSpec
    script: ReplicaScript
    host: str
    containers: dict[str, _Container]
    tasks: TaskSet
    restarts: dict[str, asyncio.Event]
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    stopping: bool = False


class SimulatedBackend(ReplicaBackend):
    """Starts replicas that exist in time only."""

    def __init__(
        self, *, clock: Clock, entropy: Entropy, default: ReplicaScript | None = None
    ) -> None:
        self._clock = clock
        self._entropy = entropy
        self._default = default or ReplicaScript()
        self._scripts: dict[RevisionKey, ReplicaScript] = {}
        self._listeners: list[Callable[[ReplicaEvent], None]] = []
        self._replicas: dict[ReplicaKey, _Replica] = {}
        self._logs: dict[tuple[ReplicaKey, str], ContainerLog] = {}
        self._hosts = 0

    # What a scenario does

    def script(self, revision: RevisionKey, script: ReplicaScript) -> None:
        """Replicas of the revision that start from now on follow `script`."""
        self._scripts[revision] = script

    def crash(self, key: ReplicaKey, *, exit_code: int = _KILLED, message: str = "killed") -> None:
        """End the replica's serving container now. Raises NotFound when it does not run."""
        container = self._container(key, self._replica(key).spec.serving_container)
        if not container.running:
            raise NotFound(f"container {container.name!r} of replica {key} is not running")
        container.exit = _Exit(exit_code, message)
        container.ended.set()

    @property
    def replicas(self) -> Sequence[ReplicaKey]:
        """What runs or is stopping, in the order of starts."""
        return tuple(self._replicas)

    # The port

    @property
    def capabilities(self) -> BackendCapabilities:
        return BackendCapabilities(name="simulated")

    def subscribe(self, listener: Callable[[ReplicaEvent], None]) -> None:
        self._listeners.append(listener)

    async def open(self) -> None:
        """Nothing is needed."""

    async def start(self, spec: ReplicaSpec) -> None:
        if spec.key in self._replicas:
            raise AlreadyExists(f"cannot start replica {spec.key}: it runs already")
        pod = spec.pod.spec
        names = [each.name for each in pod.containers if each.name != _QUEUE_PROXY]
        self._hosts += 1
        replica = _Replica(
            spec=spec,
            script=self._scripts.get(spec.revision, self._default),
            host=f"10.{self._hosts >> 16}.{self._hosts >> 8 & 255}.{self._hosts & 255}",
            containers={name: _Container(name) for name in names},
            tasks=TaskSet(f"replica {spec.key}"),
            restarts={each.name: asyncio.Event() for each in pod.init_containers},
        )
        self._replicas[spec.key] = replica
        replica.tasks.spawn(self._live(replica), name="life")

    async def restart_container(self, key: ReplicaKey, container: str) -> None:
        replica = self._replica(key)
        if container in replica.restarts:
            replica.restarts[container].set()
            return
        known = self._container(key, container)
        if not known.running and not replica.stopping:
            self._begin(replica, known)

    async def stop(self, key: ReplicaKey, *, grace_seconds: float) -> None:
        replica = self._replicas.get(key)
        if replica is None:
            return
        if replica.stopping:
            await replica.gone.wait()
            return
        replica.stopping = True
        wanted = self._vary(replica, replica.script.shutdown)
        in_time = wanted <= grace_seconds
        if any(container.running for container in replica.containers.values()):
            await asyncio.sleep(min(wanted, grace_seconds))
        await replica.tasks.close()
        for container in replica.containers.values():
            if container.running:
                container.exit = _Exit(0, "") if in_time else _Exit(_KILLED, _LATE)
                self._end(replica, container)
        del self._replicas[key]
        for name in (*replica.restarts, *replica.containers):
            self._open_log(replica, name).close()
        replica.gone.set()
        self._emit(replica, ReplicaEventKind.GONE)

    def address(self, key: ReplicaKey, port: int) -> Address:
        return Address(self._replica(key).host, port)

    async def probe(self, key: ReplicaKey, container: str, probe: Probe) -> ProbeResult:
        known = self._container(key, container)
        if not known.running:
            return ProbeResult(success=False, message="connection refused")
        left = known.loaded_at - self._clock.now()
        if left > 0:
            return ProbeResult(success=False, message=f"loading for another {left:.3f} s")
        return ProbeResult(success=True)

    def logs(self, key: ReplicaKey, options: LogOptions) -> AsyncIterator[bytes]:
        log = self._logs.get((key, options.container))
        if log is None:
            raise NotFound(f"no log of container {options.container!r} of replica {key}")
        return log.read(options)

    async def exec(
        self, key: ReplicaKey, container: str, command: Sequence[str]
    ) -> tuple[int, bytes]:
        raise Unavailable(
            f"cannot run {list(command)!r} in replica {key}: simulated replicas run no commands"
        )

    async def find_running(self) -> Sequence[RunningReplica]:
        return ()

    def adopt(self, spec: ReplicaSpec) -> None:
        raise NotFound(f"replica {spec.key} is not running")

    async def close(self) -> None:
        for key in tuple(self._replicas):
            await self.stop(key, grace_seconds=0)

    # A replica's life

    async def _live(self, replica: _Replica) -> None:
        await asyncio.sleep(self._vary(replica, replica.script.schedule))
        for name in replica.restarts:
            await self._initialize(replica, name)
        for container in replica.containers.values():
            self._begin(replica, container)

    async def _initialize(self, replica: _Replica, name: str) -> None:
        """Run one init container until it succeeds; each further run is asked for."""
        asked, runs = replica.restarts[name], 0
        while True:
            asked.clear()
            runs += 1
            self._open_log(replica, name).begin_run()
            self._log(replica, name, f"start {runs}")
            self._emit(replica, ReplicaEventKind.INIT_STARTED, name)
            await asyncio.sleep(self._vary(replica, replica.script.initialize))
            failed = runs <= replica.script.failing_initializations
            message = "simulated download error" if failed else ""
            self._log(replica, name, message or "done")
            self._emit(
                replica,
                ReplicaEventKind.INIT_EXITED,
                name,
                exit_code=int(failed),
                message=message,
            )
            if not failed:
                return
            await asked.wait()

    def _begin(self, replica: _Replica, container: _Container) -> None:
        failure = replica.script.start_failure
        if failure is not None and container.name == replica.spec.serving_container:
            self._emit(
                replica,
                ReplicaEventKind.FAILED,
                container.name,
                reason=failure.reason,
                message=failure.message,
            )
            return
        container.starts += 1
        container.running = True
        container.ended.clear()
        load = self._vary(replica, replica.script.load)
        container.loaded_at = self._clock.now() + load
        self._open_log(replica, container.name).begin_run()
        self._log(replica, container.name, f"start {container.starts}")
        self._emit(replica, ReplicaEventKind.STARTED, container.name)
        until = self._until_exit(replica, container, load)
        replica.tasks.spawn(self._run(replica, container, until), name=container.name)

    def _until_exit(self, replica: _Replica, container: _Container, load: float) -> float | None:
        """Seconds from this start to the exit that the script names; None for none."""
        script = replica.script
        container.exit = _Exit(0, "")
        if container.name != replica.spec.serving_container:
            return None
        if container.starts <= script.failing_loads:
            container.exit = _Exit(1, "simulated load error")
            container.loaded_at = float("inf")
            return load
        if container.starts <= len(script.crashes_after):
            container.exit = _Exit(
                script.crash_exit_code, script.crash_message, script.crash_reason
            )
            return script.crashes_after[container.starts - 1]
        return None

    async def _run(self, replica: _Replica, container: _Container, until: float | None) -> None:
        try:
            async with asyncio.timeout(until):
                await container.ended.wait()
        except TimeoutError:
            pass  # the script's own end of this run
        self._end(replica, container)

    def _end(self, replica: _Replica, container: _Container) -> None:
        container.running = False
        code, message, reason = container.exit
        self._log(replica, container.name, message or "stopped")
        self._emit(
            replica,
            ReplicaEventKind.EXITED,
            container.name,
            exit_code=code,
            signal=_SIGKILL if code == _KILLED else None,
            reason=reason,
            message=message,
        )

    # Small things

    def _replica(self, key: ReplicaKey) -> _Replica:
        replica = self._replicas.get(key)
        if replica is None:
            raise NotFound(f"replica {key} is not running")
        return replica

    def _container(self, key: ReplicaKey, name: str) -> _Container:
        container = self._replica(key).containers.get(name)
        if container is None:
            raise NotFound(f"replica {key} has no container {name!r}")
        return container

    def _vary(self, replica: _Replica, seconds: float) -> float:
        return vary(seconds, replica.script.jitter, self._entropy)

    def _log(self, replica: _Replica, container: str, text: str) -> None:
        self._open_log(replica, container).write(format_timestamp(self._clock.wall()), text)

    def _open_log(self, replica: _Replica, container: str) -> ContainerLog:
        return self._logs.setdefault((replica.spec.key, container), ContainerLog())

    def _emit(
        self,
        replica: _Replica,
        kind: ReplicaEventKind,
        container: str = "",
        *,
        exit_code: int | None = None,
        signal: int | None = None,
        reason: str = "",
        message: str = "",
    ) -> None:
        event = ReplicaEvent(
            key=replica.spec.key,
            uid=replica.spec.uid,
            kind=kind,
            container=container,
            exit_code=exit_code,
            signal=signal,
            reason=reason,
            message=message,
        )
        for listener in tuple(self._listeners):
            listener(event)
