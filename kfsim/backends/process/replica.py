"""One replica: a Pod's containers as processes, from preparation to the last trace.

    begin: folders and files → init containers in order → all containers
    stop:  SIGTERM to every process group → SIGKILL after the grace period → clean up → GONE

Everything runs on the loop; work that touches the disk runs in a thread. Whatever a user's manifest
gets wrong becomes a FAILED event, never an exception.
"""

import asyncio
import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from kfsim.api.core import Container
from kfsim.backends.failures import CREATE_ERROR, StartFailure
from kfsim.backends.logs import log_path, write_log
from kfsim.backends.process.channel import Message
from kfsim.backends.process.containers import (
    ContainerRun,
    describe_exit,
    make_spawn,
    port_was_taken,
)
from kfsim.backends.process.environment import TERMINATION_LOG, make_base_environment
from kfsim.backends.process.mounts import resolve_mounts
from kfsim.backends.process.ports import HOST, PortLease
from kfsim.backends.process.recipes import (
    ProcessPlan,
    Surroundings,
    container_ports,
    make_plan,
)
from kfsim.backends.process.settings import ProcessSettings
from kfsim.backends.storage.failures import NOT_REVALIDATED, StorageFailure
from kfsim.backends.storage.requests import ModelRequest, plan_models
from kfsim.backends.storage.store import ModelStore
from kfsim.backends.volumes import VolumeSources
from kfsim.base.errors import KfsimError, NotFound
from kfsim.base.types import ReplicaKey
from kfsim.replicas.addresses import Address
from kfsim.replicas.backend import ReplicaEvent, ReplicaEventKind, ReplicaSpec
from kfsim.replicas.serving import QUEUE_PROXY

STORAGE_INITIALIZER = "storage-initializer"


class ReplicaHost(Protocol):
    """What a replica needs of its backend."""

    settings: ProcessSettings
    claims: Path
    models: ModelStore

    def lease_port(self) -> PortLease: ...

    def spawn(self, run: "ContainerRun", message: Message, fds: Sequence[int]) -> str:
        """Ask the supervisor for a process; reports go to the run. Returns the process's id."""
        ...

    def stop_process(self, identity: str, grace: float) -> None: ...

    def resolve_names(self, container: Container, namespace: str) -> Container:
        """Addresses in place of cluster-local names. Raises Unavailable."""
        ...

    def emit(self, event: ReplicaEvent) -> None: ...

    def removed(self, key: ReplicaKey) -> None:
        """The replica is gone; called just before its GONE event."""
        ...


class ProcessReplica:
    """A known replica, running or not."""

    def __init__(self, spec: ReplicaSpec, *, host: ReplicaHost, folder: Path, logs: Path) -> None:
        self.spec = spec
        self._host = host
        self._event = partial(ReplicaEvent, spec.key, spec.uid)
        self._folder = folder
        self._logs = logs
        self._leases: dict[int, PortLease] = {}
        self._downloaded: dict[str, str] = {}
        pod = spec.pod.spec
        self._init = {each.name: ContainerRun(each, self) for each in pod.init_containers}
        self._containers = {each.name: ContainerRun(each, self) for each in pod.containers}
        self._initialized: dict[str, None] = {}
        self._progress: asyncio.Task[None] | None = None
        self._stopping = False
        self._gone = asyncio.Event()

    # What the backend asks

    def track(self, task: asyncio.Task[None]) -> None:
        """Remember the task that brings the replica up, so that a stop can end it."""
        self._progress = task

    async def begin(self) -> None:
        """Prepare, run what is left of the init containers, and start all containers."""
        try:
            await asyncio.to_thread(self._prepare)
        except (OSError, StartFailure) as error:
            first = self.spec.pod.spec.containers[0].name
            self._fail(first, CREATE_ERROR, f"cannot prepare the replica's folder: {error}")
            return
        if await self._initialize():
            for run in self._containers.values():
                await self._start_container(run)

    async def resume(self, name: str) -> None:
        """Start an exited container again, or the init containers from this one on."""
        if name in self._init:
            await self.begin()
        else:
            await self._start_container(self._containers[name])

    def find(self, name: str) -> ContainerRun:
        """Raises NotFound."""
        run = self._init.get(name) or self._containers.get(name)
        if run is None:
            raise NotFound(f"replica {self.spec.key} has no container {name!r}")
        return run

    async def stop(self, grace: float) -> None:
        """End everything; returns when GONE was sent.

        The ending belongs to the replica, not to who asked first: a caller that is cancelled
        leaves it under way, and a later one with less patience shortens the grace period.
        """
        self._stopping = True
        await self._end_progress()
        runs = [*self._init.values(), *self._containers.values()]
        for run in runs:
            if run.identity is not None and not run.ended.is_set():
                self._host.stop_process(run.identity, grace)
        for run in runs:
            await run.ended.wait()
        await self._clean_up("Stopped", "")

    async def lose(self, message: str) -> None:
        """The supervisor is gone, and every process with it."""
        self._stopping = True
        await self._end_progress()
        for run in [*self._init.values(), *self._containers.values()]:
            run.forget()
        await self._clean_up("SupervisorLost", message)

    async def _end_progress(self) -> None:
        if self._progress is not None and self._progress is not asyncio.current_task():
            self._progress.cancel()
            await asyncio.gather(self._progress, return_exceptions=True)

    async def _clean_up(self, reason: str, message: str) -> None:
        if self._gone.is_set():
            return
        for lease in self._leases.values():
            lease.release()
        self._leases.clear()
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)
        if not self._gone.is_set():
            self._gone.set()
            self._host.removed(self.spec.key)
            self._host.emit(self._event(ReplicaEventKind.GONE, "", reason=reason, message=message))

    def address(self, port: int | str | None) -> Address | None:
        """Where a containerPort, given by number or name, can be reached."""
        if isinstance(port, str) and not port.isdigit():
            named = (
                each.container_port
                for run in self._containers.values()
                for each in run.container.ports
                if each.name == port
            )
            number = next(named, None)
        else:
            number = int(port) if port else self.spec.serving_port
        lease = None if number is None else self._leases.get(number)
        return None if lease is None else Address(HOST, lease.port)

    # Starting

    def _prepare(self) -> None:
        for folder in (self._folder, self._folder / "tmp", self._logs):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def _initialize(self) -> bool:
        for name, run in self._init.items():
            if name in self._initialized:
                continue
            code = await (self._fetch(run) if name == STORAGE_INITIALIZER else self._run_init(run))
            if code != 0:
                return False
            self._initialized[name] = None
        return True

    async def _fetch(self, run: ContainerRun) -> int:
        name = run.container.name
        self._host.emit(self._event(ReplicaEventKind.INIT_STARTED, name))
        code, message = 0, ""
        try:
            await self._provide_models(run.container)
        except StorageFailure as failure:
            code, message = 1, str(failure)
        path = log_path(self._logs, name, 0)
        await asyncio.to_thread(write_log, path, message or "the model is in place")
        self._host.emit(
            self._event(ReplicaEventKind.INIT_EXITED, name, exit_code=code, message=message)
        )
        return code

    async def _provide_models(self, initializer: Container) -> None:
        for wanted in plan_models(self.spec.pod.spec, initializer):
            request = ModelRequest(
                places=wanted.places,
                namespace=self.spec.key.namespace,
                view=self._folder / "models" / wanted.volume,
                writable=wanted.writable,
                host_links=True,
            )
            folder = await self._host.models.provide(
                request, note=lambda text: self._note(initializer.name, NOT_REVALIDATED, text)
            )
            self._downloaded[wanted.volume] = str(folder)

    def _note(self, container: str, reason: str, message: str) -> None:
        self._host.emit(
            self._event(
                ReplicaEventKind.NOTED, container, reason=reason, message=message, warning=True
            )
        )

    async def _run_init(self, run: ContainerRun) -> int:
        if run.container.restart_policy == "Always":
            self._fail(
                run.container.name,
                "Unsupported",
                f"init container {run.container.name} has restartPolicy Always (a sidecar), which "
                "the process backend does not run; list it under containers",
            )
            return 1
        if not await self._start_container(run):
            return 1
        await run.ended.wait()
        return run.exit_code

    async def _start_container(self, run: ContainerRun) -> bool:
        container = run.container
        if self._stopping:
            return False
        if container.name == QUEUE_PROXY:
            self._host.emit(self._event(ReplicaEventKind.STARTED, container.name))
            return True
        try:
            self._lease_ports(run)
            container = self._host.resolve_names(container, self.spec.key.namespace)
            plan = await asyncio.to_thread(self._make_plan, container)
            if self._stopping:
                return False
            self._spawn(run, plan)
        except StartFailure as failure:
            self._fail(container.name, failure.reason, failure.message)
            return False
        except (OSError, KfsimError) as error:
            self._fail(container.name, CREATE_ERROR, str(error))
            return False
        return True

    def _serving_port(self, container: Container) -> int | None:
        serves = container.name == self.spec.serving_container
        return self.spec.serving_port if serves else None

    def _lease_ports(self, run: ContainerRun) -> None:
        for port in container_ports(run.container, serving_port=self._serving_port(run.container)):
            if port not in self._leases:
                self._leases[port] = self._host.lease_port()

    def _make_plan(self, container: Container) -> ProcessPlan:
        sources = VolumeSources(
            folder=self._folder,
            claims=self._host.claims,
            files=self.spec.files,
            downloaded=self._downloaded,
        )
        base = make_base_environment(
            folder=self._folder,
            pod_name=self.spec.key.name,
            marker=f"{self.spec.uid}/{container.name}",
        )
        base[TERMINATION_LOG] = str(self._termination_log(container.name))
        self._termination_log(container.name).unlink(missing_ok=True)
        surroundings = Surroundings(
            base=base,
            ports={port: lease.port for port, lease in self._leases.items()},
            mounts=resolve_mounts(self.spec.pod, container, sources),
            allow_pickle=self._host.settings.allow_pickle,
            devices=self.spec.devices.get(container.name, ()),
        )
        plan = make_plan(container, surroundings, serving_port=self._serving_port(container))
        if plan.working_dir is not None and not Path(plan.working_dir).is_dir():
            raise StartFailure(
                "PathNotMappable",
                f"workingDir {plan.working_dir} of container {container.name} is no folder of this "
                "host; leave it out",
            )
        return plan

    def _termination_log(self, container: str) -> Path:
        return self._folder / f"termination-{container}.log"

    def _spawn(self, run: ContainerRun, plan: ProcessPlan) -> None:
        run.begin(plan)
        settings = self._host.settings
        path = log_path(self._logs, run.container.name, run.attempt)
        fds: list[int] = []
        bound = None
        if plan.inherited_port is not None:
            bound = self._leases[plan.inherited_port].bound_socket()
            fds.append(bound.fileno())
        message = make_spawn(
            plan,
            cwd=plan.working_dir or str(self._folder),
            log={
                "path": str(path),
                "limit": settings.log_bytes,
                "files": settings.log_files,
                "raw": False,
            },
            fork=plan.fork and settings.fork,
        )
        try:
            run.identity = self._host.spawn(run, message, fds)
        finally:
            if bound is not None:
                bound.close()
        if run.attempt >= 2:
            for old in self._logs.glob(f"{run.container.name}.{run.attempt - 2}.log*"):
                old.unlink(missing_ok=True)

    # What processes report

    def container_started(self, run: ContainerRun) -> None:
        is_init = run.container.name in self._init
        kind = ReplicaEventKind.INIT_STARTED if is_init else ReplicaEventKind.STARTED
        note = "" if run.plan is None else run.plan.note
        self._host.emit(self._event(kind, run.container.name, message=note))

    def container_failed(self, run: ContainerRun, message: str) -> None:
        self._fail(run.container.name, CREATE_ERROR, message)

    def container_exited(
        self, run: ContainerRun, *, code: int, number: int | None, tail: str
    ) -> None:
        is_init = run.container.name in self._init
        message = describe_exit(self._termination_log(run.container.name), tail)
        custom = run.plan is not None and run.plan.inherited_port is None
        if custom and port_was_taken(tail):
            # Its server wants the port for itself: the next start finds it free.
            for port in container_ports(
                run.container, serving_port=self._serving_port(run.container)
            ):
                self._leases[port].yield_port()
        self._host.emit(
            self._event(
                ReplicaEventKind.INIT_EXITED if is_init else ReplicaEventKind.EXITED,
                run.container.name,
                exit_code=code,
                signal=number,
                message=message,
            )
        )

    def _fail(self, container: str, reason: str, message: str) -> None:
        self._host.emit(
            self._event(ReplicaEventKind.FAILED, container, reason=reason, message=message)
        )
