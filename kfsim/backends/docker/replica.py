"""One replica: a Pod's containers as containers of the engine, from preparation to the last trace.

    begin: folders and files → init containers in order → the app containers in order
    stop:  SIGTERM to every container → SIGKILL after the grace period → logs → removal → GONE

Starts take turns (`_work`), so that each sees which container owns the network namespace; ends are
told as they come (`endings`). Whatever a user's manifest gets wrong becomes a FAILED event, and an
engine that is away is waited for.
"""

import asyncio
import contextlib
from pathlib import Path
from typing import Any, Protocol

from kfsim.backends.docker.adoption import FoundReplica
from kfsim.backends.docker.bodies import Placement, Remark
from kfsim.backends.docker.connection import Client
from kfsim.backends.docker.containers import Attempt, ContainerRun, Stage
from kfsim.backends.docker.ending import Exit
from kfsim.backends.docker.endings import Endings
from kfsim.backends.docker.engine import EngineRefused, EngineUnavailable
from kfsim.backends.docker.engine_errors import make_run_failure
from kfsim.backends.docker.events import ContainerEnd
from kfsim.backends.docker.folders import remove_folder
from kfsim.backends.docker.making import (
    START_SECONDS,
    STORAGE_INITIALIZER,
    ContainerMaker,
    MakerHost,
)
from kfsim.backends.docker.network import ClusterNames, ProjectNetwork
from kfsim.backends.docker.sandbox import (
    Sandbox,
    SandboxLost,
    find_port,
    inspected_ports,
    lost_sandbox,
    make_sandbox,
    pod_ports,
)
from kfsim.backends.docker.telling import Teller
from kfsim.backends.failures import CREATE_ERROR, StartFailure
from kfsim.backends.logs import log_path, write_log
from kfsim.backends.storage.failures import StorageFailure
from kfsim.base.errors import KfsimError, NotFound
from kfsim.base.tasks import TaskSet
from kfsim.base.types import ReplicaKey
from kfsim.replicas.addresses import Address
from kfsim.replicas.backend import ReplicaEvent, ReplicaSpec
from kfsim.replicas.serving import QUEUE_PROXY

ENGINE_UNAVAILABLE = "EngineUnavailable"
_SANDBOX_CHANGED = Remark(
    "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.", warning=False
)
# kubelet's least time between SIGTERM and SIGKILL (kuberuntime minimumGracePeriod)
_REPLACING_GRACE = 2.0
# A start right after the daemon's waits for the first look at the engine.
_CONNECT_PATIENCE = 5.0


class ReplicaHost(MakerHost, Protocol):
    """What a replica needs of its backend."""

    network: ProjectNetwork
    names: ClusterNames

    @property
    def publishes(self) -> bool: ...

    def emit(self, event: ReplicaEvent) -> None: ...

    def register(self, replica: "DockerReplica", attempt: Attempt) -> None:
        """The attempt has its id: events of that container are its own from now on."""
        ...

    def forget(self, attempt: Attempt) -> None:
        """The attempt's container is not there any more."""
        ...

    def removed(self, key: ReplicaKey) -> None:
        """The replica is gone; called just before its GONE event."""
        ...


class DockerReplica:
    """A known replica, running or not."""

    def __init__(self, spec: ReplicaSpec, *, host: ReplicaHost, folder: Path, logs: Path) -> None:
        self.spec = spec
        self._host = host
        self._folder = folder
        self.logs = logs
        self._teller = Teller(spec, host)
        self._maker = ContainerMaker(spec, host=host, teller=self._teller, folder=folder, logs=logs)
        self.endings = Endings(
            engine=host.engine,
            maker=self._maker,
            teller=self._teller,
            logs=logs,
            forget=host.forget,
            name=str(spec.key),
        )
        pod = spec.pod.spec
        self._init = {each.name: ContainerRun(each, is_init=True) for each in pod.init_containers}
        self._apps = {each.name: ContainerRun(each, is_init=False) for each in pod.containers}
        self._initialized: dict[str, None] = {}
        self._sandbox: Sandbox | None = None
        self._work = asyncio.Lock()
        self._progress = TaskSet(f"docker/{spec.key}")
        self._stopping = False
        self._gone = False

    # What the backend asks

    def begin(self) -> None:
        """Prepare, run what is left of the init containers, and start all containers."""
        self._mark_pending([*self._init.values(), *self._apps.values()])
        self._progress.spawn(self._begin(), name="begin")

    def resume(self, name: str) -> None:
        """Start an ended container again, or the init containers from this one on."""
        run = self.find(name)
        if run.pending or run.running or self._stopping:
            return
        if run.is_init:
            self.begin()
        else:
            self._mark_pending([run])
            self._progress.spawn(self._resume(run), name=f"restart {name}")

    def find(self, name: str) -> ContainerRun:
        """Raises NotFound."""
        run = self._init.get(name) or self._apps.get(name)
        if run is None:
            raise NotFound(f"replica {self.spec.key} has no container {name!r}")
        return run

    def address(self, port: int | str | None) -> Address | None:
        """Where a containerPort is reached once a container runs, given by number or name; None
        means the serving port."""
        number = find_port(self.spec, port)
        if number is None or self._sandbox is None:
            return None
        return self._sandbox.reach(number)

    @property
    def is_published(self) -> bool:
        """Whether it is reached through ports that the engine publishes."""
        return self._sandbox is not None and self._sandbox.published is not None

    def expects(self, uid: str, container: str, attempt: int) -> bool:
        """Whether a container with these labels is being made at this moment."""
        run = self._init.get(container) or self._apps.get(container)
        if run is None or run.attempt is None or uid != self.spec.uid:
            return False
        return run.attempt.number == attempt and run.attempt.stage is Stage.CREATING

    def note(self, remark: Remark) -> None:
        """Tell what concerns the replica and changes nothing about it."""
        self._teller.noted(self.spec.serving_container, remark)

    async def stop(self, grace: float) -> None:
        """End everything; returns when GONE was sent. Raises EngineUnavailable, and may be called
        again then."""
        self._stopping = True
        await self._progress.close()
        await self.endings.terminate_all(grace)
        if self._gone:
            return
        await asyncio.to_thread(remove_folder, self._folder)
        if not self._gone:
            self._gone = True
            self._host.removed(self.spec.key)
            self._teller.gone()

    async def detach(self) -> None:
        """Let go of everything without touching the containers."""
        self._stopping = True
        await self._progress.close()
        await self.endings.close()

    # Starting

    def _mark_pending(self, runs: list[ContainerRun]) -> None:
        for run in runs:
            run.pending = not run.running

    async def _begin(self) -> None:
        async with self._work:
            try:
                await asyncio.to_thread(self._maker.prepare)
                await self._host.engine.settle(_CONNECT_PATIENCE)
                initialized = await self._initialize()
            except OSError as error:
                first = self.spec.pod.spec.containers[0].name
                text = f"cannot prepare the replica's folder: {error}"
                self._teller.failed(first, CREATE_ERROR, text)
                initialized = False
            for run in [*self._init.values(), *(() if initialized else self._apps.values())]:
                run.pending = False
            for run in self._apps.values() if initialized else ():
                await self._bring_up(run)

    async def _resume(self, run: ContainerRun) -> None:
        if run.attempt is not None:
            await run.attempt.ended.wait()  # its end is told before its next start
        async with self._work:
            await self._bring_up(run)

    async def _initialize(self) -> bool:
        for name, run in self._init.items():
            if name in self._initialized:
                continue
            done = await (self._fetch(run) if name == STORAGE_INITIALIZER else self._run_init(run))
            if not done:
                return False
            self._initialized[name] = None
        return True

    async def _fetch(self, run: ContainerRun) -> bool:
        self._teller.record_started(run)
        code, message = 0, ""
        try:
            await self._maker.provide_model(run.container)
        except StorageFailure as failure:
            code, message = 1, str(failure)
        path = log_path(self.logs, run.name, 0)
        await asyncio.to_thread(write_log, path, message or "the model is in place")
        self._teller.exited(run, Exit(code, None, "", message))
        return code == 0

    async def _run_init(self, run: ContainerRun) -> bool:
        if run.container.restart_policy == "Always":
            self._teller.failed(
                run.name,
                "Unsupported",
                f"init container {run.name} has restartPolicy Always (a sidecar), which is not "
                "supported; list it under containers",
            )
            return False
        if not await self._bring_up(run):
            return False
        assert run.attempt is not None  # it has just started
        await run.attempt.ended.wait()
        return run.exit_code == 0

    async def _bring_up(self, run: ContainerRun) -> bool:
        """Start the container; an engine that is away is told once and waited for."""
        if run.running:
            return True
        if run.name == QUEUE_PROXY:  # a record: the data plane does its work
            run.pending = False
            self._teller.record_started(run)
            return True
        told = False
        while True:
            try:
                await self._start(run)
                return True
            except EngineUnavailable as error:
                if not told:
                    self._teller.failed(run.name, ENGINE_UNAVAILABLE, error.message)
                told = True
                await self._host.engine.until_available()
            except SandboxLost:
                self._sandbox = None
            except (StartFailure, OSError, KfsimError) as error:
                run.pending = False
                reason = error.reason if isinstance(error, StartFailure) else CREATE_ERROR
                self._teller.failed(run.name, reason, str(error))
                return False

    async def _start(self, run: ContainerRun) -> None:
        attempt = run.begin()
        self.endings.follow(attempt)
        try:
            placement = await self._place(run)
            await self._maker.provide_models()
            await self._maker.create(attempt, placement)
            self._host.register(self, attempt)
            attempt.stage = Stage.STARTING
            settings = await self._start_created(attempt, joins=bool(placement.join))
        except BaseException:
            self.endings.discard(attempt)
            raise
        attempt.stage = Stage.RUNNING
        run.pending = False
        if placement.network and not run.is_init:
            ports = inspected_ports(settings["Ports"] or {}) if placement.publish else None
            self._sandbox = make_sandbox(attempt, settings["Networks"] or {}, ports)
        self._teller.started(attempt)
        if attempt.early_end is not None:
            self.endings.ended(attempt, attempt.early_end)
        if placement.network and not run.is_init:
            await self._move_others(attempt)

    async def _place(self, run: ContainerRun) -> Placement:
        sandbox = self._sandbox
        if not run.is_init and sandbox is not None and sandbox.alive:
            return Placement(join=sandbox.owner.id)
        network = await self._host.network.ensure()
        publish: tuple[int, ...] = ()
        if self._host.publishes and not run.is_init:
            publish = pod_ports(self.spec.pod, serving_port=self.spec.serving_port)
        return Placement(
            network=network.name,
            dns=self._host.names.dns,
            extra_hosts=self._host.names.extra_hosts(self.spec),
            publish=publish,
        )

    async def _start_created(self, attempt: Attempt, *, joins: bool) -> dict[str, Any]:
        """Start it; returns its NetworkSettings."""

        def start(client: Client) -> dict[str, Any]:
            client.start(attempt.id)
            return dict(client.inspect_container(attempt.id)["NetworkSettings"])

        try:
            return await self._host.engine.call(
                f"start container {attempt.run.name}", start, timeout=START_SECONDS
            )
        except EngineRefused as error:
            if joins and lost_sandbox(error.message):
                raise SandboxLost from error
            if error.status == 404:
                self._host.network.forget()
            raise make_run_failure(attempt.run.name, error.message) from error

    async def _move_others(self, owner: Attempt) -> None:
        """Replace the containers that run in a network namespace that is cut off.

        Where the new one's owner has ended already, the first of them makes the next one, and
        takes the rest along.
        """
        others = [
            (each, each.attempt)
            for each in self._apps.values()
            if each.running and each.attempt not in (None, owner)
        ]
        if not others:
            return
        self._teller.noted(self.spec.serving_container, _SANDBOX_CHANGED)
        for run, old in others:
            if old is None or run.attempt is not old:
                continue
            old.replaced = run.pending = True
            while not old.ended.is_set():
                try:
                    await self.endings.terminate(old, _REPLACING_GRACE)
                except EngineUnavailable:
                    await self._host.engine.until_available()
            await self._bring_up(run)

    # Adoption

    def adopt(self, found: FoundReplica) -> None:
        """Take over what an earlier daemon left running."""
        self._initialized = dict.fromkeys(self._init)
        self._progress.spawn(self._know_models(), name="know models")
        for name, run in self._apps.items():
            each = found.containers.get(name)
            if name == QUEUE_PROXY:
                continue
            if each is None or each.owner is None:
                # It had ended and waited for its restart when the earlier daemon died.
                attempt = run.take_over(self._unused_attempt(name), "")
                self.endings.follow(attempt)
                self.endings.ended(attempt, ContainerEnd("", None, out_of_memory=False))
                continue
            attempt = run.take_over(each.owner.attempt, each.container_id)
            self.endings.follow(attempt)
            self._host.register(self, attempt)
            if not each.alive:
                self.endings.check_soon(attempt)
            elif not each.joins:
                self._sandbox = make_sandbox(attempt, each.networks, each.ports or None)

    async def _know_models(self) -> None:
        """Hold the models that the running containers have, so that nobody prunes them."""
        async with self._work:
            with contextlib.suppress(StartFailure):  # said by the next start, which needs them
                await self._maker.provide_models()

    def _unused_attempt(self, name: str) -> int:
        used = [path.name.split(".") for path in self.logs.glob(f"{name}.*.log")]
        return max((int(parts[-2]) for parts in used if parts[-2].isdigit()), default=-1) + 1
