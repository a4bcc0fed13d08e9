"""The process backend: the ReplicaBackend port over one supervisor."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from kfsim.api.core import Container, Probe
from kfsim.backends.logfolders import LogFolders
from kfsim.backends.probing import run_probe
from kfsim.backends.process.channel import Message
from kfsim.backends.process.containers import CommandRun, ProcessOwner, make_spawn
from kfsim.backends.process.launch import Launch, launch_supervisor
from kfsim.backends.process.ports import PortLease, PortPool
from kfsim.backends.process.replica import ProcessReplica
from kfsim.backends.process.settings import ProcessSettings
from kfsim.backends.process.supervision import Supervision
from kfsim.backends.statefolders import make_folders
from kfsim.backends.storage.settings import default_cache_dir
from kfsim.backends.storage.store import ModelStore
from kfsim.base.clock import Clock
from kfsim.base.entropy import Entropy
from kfsim.base.errors import AlreadyExists, NotFound, Unavailable
from kfsim.base.tasks import TaskSet
from kfsim.base.types import ReplicaKey
from kfsim.replicas.addresses import Address
from kfsim.replicas.backend import (
    BackendCapabilities,
    LogOptions,
    ProbeResult,
    ReplicaEvent,
    ReplicaSpec,
    RunningReplica,
)

_logger = logging.getLogger(__name__)
_RESTART_SECONDS = 1.0
_EXEC_OUTPUT_BYTES = 2**20


class ProcessBackend:
    """Runs replicas as local processes; they end with the daemon."""

    def __init__(
        self,
        *,
        state_dir: Path,
        clock: Clock,
        entropy: Entropy,
        settings: ProcessSettings,
        launch: Launch | None = None,
        models: ModelStore | None = None,
        resolve_names: Callable[[Container, str], Container] | None = None,
    ) -> None:
        """`launch` is a supervisor that was started ahead, with the same settings; `models` a
        store that others use too, whose owner closes it.

        `resolve_names` puts addresses in place of cluster-local names in a container of the
        given namespace; without it names stay as they are.
        """
        self.settings = settings
        self._launch = launch
        self._resolve_names = resolve_names
        self.claims = settings.volumes_dir or state_dir / "volumes"
        self.models = models or ModelStore(cache_dir=default_cache_dir(), claims=self.claims)
        self._owns_models = models is None
        self._state_dir = state_dir
        self._clock = clock
        self._log_folders = LogFolders(state_dir / "logs", kept=settings.kept_logs)
        self._ports = PortPool(entropy)
        self._tasks = TaskSet("process-backend")
        self._listeners: list[Callable[[ReplicaEvent], None]] = []
        self._replicas: dict[ReplicaKey, ProcessReplica] = {}
        self._owners: dict[str, ProcessOwner] = {}
        self._next_process = 0
        self._supervision: Supervision | None = None
        self._warned_of_pickle = False

    @property
    def capabilities(self) -> BackendCapabilities:
        return BackendCapabilities(name="process")

    def subscribe(self, listener: Callable[[ReplicaEvent], None]) -> None:
        """See ReplicaBackend."""
        self._listeners.append(listener)

    async def open(self) -> None:
        """Start supervisor and template; does not wait for the template's imports."""
        make_folders(self._state_dir, self._replica_home, self._log_folders.root, self.claims)
        await self._start_supervisor()

    @property
    def _replica_home(self) -> Path:
        return self._state_dir / "replicas"

    async def _start_supervisor(self) -> None:
        launch, self._launch = self._launch, None
        if launch is None:
            launch = await asyncio.to_thread(launch_supervisor, self._state_dir, self.settings)
        self._supervision = Supervision(launch, listener=self)

    async def start(self, spec: ReplicaSpec) -> None:
        """See ReplicaBackend."""
        if spec.key in self._replicas:
            raise AlreadyExists(f"replica {spec.key} is running already; stop it first")
        if self._supervision is None:
            raise Unavailable(f"cannot start replica {spec.key}: the supervisor is not running")
        logs = await asyncio.to_thread(self._log_folders.renew, spec.key)
        if spec.key in self._replicas:
            raise AlreadyExists(f"replica {spec.key} is running already; stop it first")
        folder = self._replica_home / f"{spec.key.namespace}_{spec.key.name}"
        replica = ProcessReplica(spec, host=self, folder=folder, logs=logs)
        self._replicas[spec.key] = replica
        replica.track(self._tasks.spawn(replica.begin(), name=f"start {spec.key}"))

    async def restart_container(self, key: ReplicaKey, container: str) -> None:
        """See ReplicaBackend."""
        replica = self._find(key)
        if replica.find(container).identity is not None:
            return  # it runs
        replica.track(
            self._tasks.spawn(replica.resume(container), name=f"restart {key} {container}")
        )

    async def stop(self, key: ReplicaKey, *, grace_seconds: float) -> None:
        """See ReplicaBackend."""
        replica = self._replicas.get(key)
        if replica is not None:
            await replica.stop(grace_seconds)

    def address(self, key: ReplicaKey, port: int) -> Address:
        """See ReplicaBackend."""
        address = self._find(key).address(port)
        if address is None:
            raise NotFound(f"replica {key} has no containerPort {port}")
        return address

    async def probe(self, key: ReplicaKey, container: str, probe: Probe) -> ProbeResult:
        """See ReplicaBackend."""
        replica = self._replicas.get(key)
        if replica is None or replica.find(container).pid is None:
            return ProbeResult(success=False, message=f"container {container} is not running")

        async def run(command: Sequence[str]) -> tuple[int, bytes]:
            return await self.exec(key, container, command)

        return await run_probe(probe, resolve=replica.address, run=run)

    def logs(self, key: ReplicaKey, options: LogOptions) -> AsyncIterator[bytes]:
        """See ReplicaBackend."""
        replica = self._replicas.get(key)
        name = options.container or (replica.spec.serving_container if replica else "")
        path = self._log_folders.find(key, name, previous=options.previous)

        def is_written() -> bool:
            current = self._replicas.get(key)
            if current is None or current is not replica:
                return False
            run = current.find(name)
            return run.identity is not None and path.name == f"{name}.{run.attempt}.log"

        return self._log_folders.read(path, options, is_written=is_written)

    async def exec(
        self, key: ReplicaKey, container: str, command: Sequence[str]
    ) -> tuple[int, bytes]:
        """See ReplicaBackend."""
        plan = self._find(key).find(container).plan
        if plan is None:
            raise NotFound(f"container {container} of replica {key} has not been started")
        folder = self._replica_home / f"{key.namespace}_{key.name}"
        output = folder / f"exec-{self._next_process}.out"
        log = {"path": str(output), "limit": _EXEC_OUTPUT_BYTES, "files": 1, "raw": True}
        run = CommandRun()
        message = make_spawn(plan, cwd=plan.working_dir or str(folder), log=log, fork=False)
        identity = self.spawn(run, {**message, "program": [], "argv": list(command)}, ())
        try:
            code = await run.result
        finally:
            self.stop_process(identity, 0)  # only does something when the wait was cancelled
        if run.failure:
            return code, run.failure.encode()
        return code, await asyncio.to_thread(_take, output)

    async def find_running(self) -> Sequence[RunningReplica]:
        """Process replicas end with their daemon: there is never one to adopt."""
        return ()

    def adopt(self, spec: ReplicaSpec) -> None:
        """See ReplicaBackend."""
        raise NotFound(f"replica {spec.key} is not running: process replicas end with their daemon")

    async def close(self) -> None:
        """Stop all replicas at once, then the supervisor."""
        stops = [replica.stop(0) for replica in self._replicas.values()]
        if self._supervision is not None:
            await asyncio.gather(*stops)
        await self._tasks.close()
        if self._owns_models:
            await self.models.close()
        supervision, self._supervision = self._supervision, None
        if supervision is not None:
            await supervision.close()

    @property
    def supervisor_pid(self) -> int | None:
        """The supervisor's process, while there is one."""
        return None if self._supervision is None else self._supervision.pid

    def _find(self, key: ReplicaKey) -> ProcessReplica:
        replica = self._replicas.get(key)
        if replica is None:
            raise NotFound(f"replica {key} is not running")
        return replica

    # ReplicaHost: what replicas need

    def lease_port(self) -> PortLease:
        """A port for a replica."""
        return self._ports.lease()

    def spawn(self, run: ProcessOwner, message: Message, fds: Sequence[int]) -> str:
        """Ask for a process; what happens to it is told to `run`."""
        if self._supervision is None:
            raise Unavailable("the supervisor of process replicas is being started again")
        self._warn_of_pickle(message)
        self._next_process += 1
        identity = str(self._next_process)
        self._owners[identity] = run
        self._supervision.send({**message, "id": identity}, fds)
        return identity

    def _warn_of_pickle(self, message: Message) -> None:
        if message["program"] and self.settings.allow_pickle and not self._warned_of_pickle:
            self._warned_of_pickle = True
            _logger.warning(
                "scikit-learn models are pickles, and loading one runs the code in it: serve only "
                "models you trust, or refuse them with --allow-pickle=never"
            )

    def resolve_names(self, container: Container, namespace: str) -> Container:
        """The container as a process of this host must be told."""
        if self._resolve_names is None:
            return container
        return self._resolve_names(container, namespace)

    def stop_process(self, identity: str, grace: float) -> None:
        """End a process and its group."""
        if self._supervision is not None and identity in self._owners:
            self._supervision.send({"op": "stop", "id": identity, "grace": grace})

    def emit(self, event: ReplicaEvent) -> None:
        """Tell all listeners."""
        for listener in self._listeners:
            listener(event)

    def removed(self, key: ReplicaKey) -> None:
        """Forget a replica that is gone."""
        self._replicas.pop(key, None)
        self._tasks.spawn(asyncio.to_thread(self._log_folders.prune), name="prune logs")

    # SupervisionListener: what the supervisor tells

    def on_started(self, identity: str, pid: int) -> None:
        self._owners[identity].started(pid)

    def on_failed(self, identity: str, message: str) -> None:
        self._owners.pop(identity).failed(message)

    def on_exited(self, identity: str, *, code: int, number: int | None, tail: str) -> None:
        self._owners.pop(identity).exited(code=code, number=number, tail=tail)

    def on_template(self, *, ready: bool, message: str) -> None:
        if ready:
            _logger.info("the fork server is ready")
        else:
            _logger.warning(
                "the fork server is not usable (%s); model servers start as fresh interpreters, "
                "which takes seconds instead of milliseconds",
                message,
            )

    def on_lost(self, status: int | None) -> None:
        supervision, self._supervision = self._supervision, None
        owners, self._owners = list(self._owners.values()), {}
        message = "the supervisor of process replicas ended unexpectedly; its replicas were killed"
        for owner in owners:
            if isinstance(owner, CommandRun):
                owner.failed(message)
        lost = list(self._replicas.values())
        self._tasks.spawn(self._recover(supervision, lost, message), name="recover")

    async def _recover(
        self, supervision: Supervision | None, lost: list[ProcessReplica], message: str
    ) -> None:
        if supervision is not None:
            await supervision.close()
        for replica in lost:
            await replica.lose(message)
        while self._supervision is None:
            try:
                await self._start_supervisor()
            except Unavailable as error:
                _logger.error("%s; trying again in %s s", error.message, _RESTART_SECONDS)
                await asyncio.sleep(_RESTART_SECONDS)


def _take(path: Path) -> bytes:
    try:
        return path.read_bytes()
    finally:
        path.unlink(missing_ok=True)
