"""The Docker backend: the ReplicaBackend port over one engine."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Container, Mapping, Sequence
from pathlib import Path
from typing import Any

from kfsim.api.core import Probe
from kfsim.backends.docker.adoption import FoundContainer, FoundReplica, list_containers, sort_out
from kfsim.backends.docker.bodies import Remark
from kfsim.backends.docker.commands import run_command
from kfsim.backends.docker.containers import Attempt
from kfsim.backends.docker.engine import Engine, EngineRefused, EngineUnavailable
from kfsim.backends.docker.events import ContainerEnd, EventFeed
from kfsim.backends.docker.folders import folder_name, remove_folder
from kfsim.backends.docker.images import Images
from kfsim.backends.docker.making import remove
from kfsim.backends.docker.network import ClusterNames, NoNames, ProjectNetwork
from kfsim.backends.docker.replica import DockerReplica
from kfsim.backends.docker.settings import DockerSettings
from kfsim.backends.docker.stored import read_logs
from kfsim.backends.logfolders import LogFolders
from kfsim.backends.probing import run_probe
from kfsim.backends.statefolders import make_folders
from kfsim.backends.storage.settings import default_cache_dir
from kfsim.backends.storage.store import ModelStore
from kfsim.base.errors import AlreadyExists, KfsimError, NotFound
from kfsim.base.tasks import TaskSet
from kfsim.base.types import ReplicaKey
from kfsim.replicas.addresses import Address
from kfsim.replicas.backend import (
    BackendCapabilities,
    LogOptions,
    ProbeResult,
    ReplicaEvent,
    ReplicaEventKind,
    ReplicaSpec,
    RunningReplica,
)

_logger = logging.getLogger(__name__)
# How long the replicas of an earlier daemon are waited for when the engine does not answer.
_ADOPTION_PATIENCE = 5.0


class DockerBackend:
    """Runs replicas as containers; they outlive the daemon."""

    def __init__(
        self,
        *,
        state_dir: Path,
        settings: DockerSettings,
        names: ClusterNames | None = None,
        models: ModelStore | None = None,
    ) -> None:
        """`models` is a store that others use too, whose owner closes it."""
        self.settings = settings
        self.claims = settings.volumes_dir or state_dir / "volumes"
        self.engine = Engine(host=settings.host)
        self.images = Images(self.engine)
        self.names: ClusterNames = names or NoNames()
        self.network = ProjectNetwork(self.engine, state=settings.state, names=self.names)
        self.models = models or ModelStore(cache_dir=default_cache_dir(), claims=self.claims)
        self._owns_models = models is None
        self._state_dir = state_dir
        self._log_folders = LogFolders(state_dir / "logs", kept=settings.kept_logs)
        self._tasks = TaskSet("docker-backend")
        self._listeners: list[Callable[[ReplicaEvent], None]] = []
        self._replicas: dict[ReplicaKey, DockerReplica] = {}
        self._owners: dict[str, tuple[DockerReplica, Attempt]] = {}
        self._found: dict[ReplicaKey, FoundReplica] = {}
        self._searched = False
        self._told_away = False
        self._names_served: asyncio.Task[None] | None = None
        self._used = False
        self.engine.on_event(EventFeed(self).deliver)
        self.engine.on_change(self._on_engine)

    @property
    def capabilities(self) -> BackendCapabilities:
        return BackendCapabilities(
            name="docker", adopts=True, enforces_limits=True, uses_images=True, namespaces=True
        )

    @property
    def publishes(self) -> bool:
        """Whether replicas are reached through published ports."""
        if self.settings.publish is not None:
            return self.settings.publish
        return not self.engine.connection.reaches_bridges

    def subscribe(self, listener: Callable[[ReplicaEvent], None]) -> None:
        """See ReplicaBackend."""
        self._listeners.append(listener)

    async def open(self) -> None:
        """Begin to look for the engine; does not wait for it."""
        make_folders(self._state_dir, self._replica_home, self._log_folders.root, self.claims)
        self.engine.open()

    @property
    def _replica_home(self) -> Path:
        return self._state_dir / "containers"

    # Replicas

    async def start(self, spec: ReplicaSpec) -> None:
        """See ReplicaBackend."""
        self._refuse_twice(spec.key)
        logs = await asyncio.to_thread(self._log_folders.renew, spec.key)
        self._refuse_twice(spec.key)
        replica = self._make_replica(spec, logs)
        replica.begin()

    def _refuse_twice(self, key: ReplicaKey) -> None:
        if key in self._replicas or key in self._found:
            raise AlreadyExists(f"replica {key} is running already; stop it first")

    def _make_replica(self, spec: ReplicaSpec, logs: Path) -> DockerReplica:
        self._used = True
        folder = self._replica_home / folder_name(spec.key)
        replica = DockerReplica(spec, host=self, folder=folder, logs=logs)
        self._replicas[spec.key] = replica
        return replica

    async def restart_container(self, key: ReplicaKey, container: str) -> None:
        """See ReplicaBackend."""
        self._find(key).resume(container)

    async def stop(self, key: ReplicaKey, *, grace_seconds: float) -> None:
        """See ReplicaBackend. Raises Unavailable while the engine is away."""
        replica = self._replicas.get(key)
        if replica is not None:
            await replica.stop(grace_seconds)
        elif key in self._found:
            found = self._found[key]
            await self._remove([each.container_id for each in found.containers.values()])
            if self._found.pop(key, None) is not None:
                self.emit(ReplicaEvent(key, found.uid, ReplicaEventKind.GONE, reason="Stopped"))

    def address(self, key: ReplicaKey, port: int) -> Address:
        """See ReplicaBackend."""
        address = self._find(key).address(port)
        if address is None:
            raise NotFound(f"replica {key} cannot be reached on containerPort {port}")
        return address

    def _find(self, key: ReplicaKey) -> DockerReplica:
        replica = self._replicas.get(key)
        if replica is None:
            raise NotFound(f"replica {key} is not running")
        return replica

    # Looking inside

    async def probe(self, key: ReplicaKey, container: str, probe: Probe) -> ProbeResult:
        """See ReplicaBackend."""
        replica = self._replicas.get(key)
        if replica is None or not replica.find(container).running:
            return ProbeResult(success=False, message=f"container {container} is not running")
        return await run_probe(
            probe,
            resolve=replica.address,
            run=lambda command: self.exec(key, container, command),
            # The engine accepts connections to a published port before the container listens.
            stays_open=replica.is_published,
        )

    def logs(self, key: ReplicaKey, options: LogOptions) -> AsyncIterator[bytes]:
        """See ReplicaBackend."""
        replica = self._replicas.get(key)
        name = options.container or (replica.spec.serving_container if replica else "")
        path = self._log_folders.find(key, name, previous=options.previous)
        attempt = None if replica is None else replica.endings.attempt_of(path)
        return read_logs(self.engine, self._log_folders, path, options, attempt)

    async def exec(
        self, key: ReplicaKey, container: str, command: Sequence[str]
    ) -> tuple[int, bytes]:
        """See ReplicaBackend."""
        run = self._find(key).find(container)
        if run.attempt is None or not run.running:
            raise NotFound(f"container {container} of replica {key} is not running")
        return await run_command(self.engine, run.attempt.id, command)

    # Adoption

    async def find_running(self) -> Sequence[RunningReplica]:
        """See ReplicaBackend. While there is no engine nothing is found, and what an earlier
        daemon left is removed as soon as there is one."""
        try:
            # A running replica has a folder: without any, nobody has to wait for the engine.
            if not await asyncio.to_thread(lambda: any(self._replica_home.iterdir())):
                return ()
            if not await self.engine.settle(_ADOPTION_PATIENCE):
                return ()
            findings = sort_out(await self._list())
            await self._remove(findings.leftovers)
            if not findings.replicas:
                await self.network.remove()
            self._found = dict(findings.replicas)
            await asyncio.to_thread(self._sweep, {folder_name(each) for each in self._found})
        except (EngineUnavailable, EngineRefused) as error:
            _logger.warning("replicas of an earlier daemon are not adopted: %s", error.message)
        finally:
            self._searched = True
        return [RunningReplica(each.key, each.uid, each.devices) for each in self._found.values()]

    def adopt(self, spec: ReplicaSpec) -> None:
        """See ReplicaBackend."""
        found = self._found.get(spec.key)
        if found is None or found.uid != spec.uid:
            raise NotFound(f"replica {spec.key} is not running")
        del self._found[spec.key]
        self._make_replica(spec, self._log_folders.folder(spec.key)).adopt(found)
        if self._names_served is None:
            self._names_served = self._tasks.spawn(self._serve_names(), name="serve names")

    async def _serve_names(self) -> None:
        """Adopted replicas look up names as they did before."""
        try:
            await self.network.ensure()
        except KfsimError as error:
            _logger.warning("adopted replicas find no Services: %s", error.message)

    def _sweep(self, kept: Container[str]) -> None:
        """Remove the folders of replicas that are not there any more. In a thread."""
        for folder in self._replica_home.iterdir():
            if folder.name not in kept:
                remove_folder(folder)

    async def _list(self) -> list[FoundContainer]:
        state = self.settings.state
        return await self.engine.call(
            "list the project's containers", lambda client: list_containers(client, state)
        )

    async def _remove(self, container_ids: Sequence[str]) -> None:
        async def one(container_id: str) -> None:
            await self.engine.call(
                "remove a container", lambda client: remove(client, container_id)
            )

        await asyncio.gather(*(one(each) for each in container_ids))

    # The end

    async def close(self) -> None:
        """Stop all replicas at once and remove everything that has the project's label."""
        try:
            if self.engine.available:
                await asyncio.gather(*(each.stop(0) for each in tuple(self._replicas.values())))
                if self._used or self._searched:
                    await self._remove([each.container_id for each in await self._list()])
                    await self.network.remove()
        except (EngineUnavailable, EngineRefused) as error:
            _logger.warning(
                "containers with the label %s may be left: %s", self.settings.state, error.message
            )
        await self.detach()

    async def detach(self) -> None:
        """Let go of the engine and leave the containers running, for the next daemon."""
        await self._tasks.close()
        for replica in tuple(self._replicas.values()):
            await replica.detach()
        await self.network.close()
        await self.images.close()
        if self._owns_models:
            await self.models.close()
        await self.engine.close()

    # ReplicaHost: what replicas need

    def register(self, replica: DockerReplica, attempt: Attempt) -> None:
        """Events of the attempt's container are the replica's from now on."""
        self._owners[attempt.id] = (replica, attempt)

    def forget(self, attempt: Attempt) -> None:
        """The attempt's container is not there any more."""
        self._owners.pop(attempt.id, None)

    def emit(self, event: ReplicaEvent) -> None:
        """Tell all listeners."""
        for listener in self._listeners:
            listener(event)

    def removed(self, key: ReplicaKey) -> None:
        """Forget a replica that is gone."""
        self._replicas.pop(key, None)
        self._tasks.spawn(asyncio.to_thread(self._log_folders.prune), name="prune logs")

    # What the engine tells

    def on_ended(self, end: ContainerEnd) -> None:
        owner = self._owners.get(end.container_id)
        if owner is not None:
            replica, attempt = owner
            replica.endings.ended(attempt, end)

    def on_image_event(self, event: Mapping[str, Any]) -> None:
        self.images.on_image_event(event)

    def _on_engine(self, available: bool) -> None:  # the engine's listener
        if available:
            self._tasks.spawn(self._resync(), name="resync")
        if available is not self._told_away:
            return
        self._told_away = not available
        remark = Remark("EngineUnavailable", self.engine.problem)
        if available:
            remark = Remark("EngineAvailable", "The Docker engine is back", warning=False)
        for replica in self._replicas.values():
            replica.note(remark)

    @property
    def holds_replicas(self) -> bool:
        """Whether any replica is known."""
        return bool(self._replicas or self._found)

    @property
    def holds_containers(self) -> bool:
        """Whether anything of ours is, or was when it was last seen, in the engine."""
        return bool(self._owners or self._found)

    async def _resync(self) -> None:
        """Find out what happened while the engine could not be heard."""
        try:
            owners = tuple(self._owners.items())
            listed = {each.container_id: each for each in await self._list()}
            for container_id, (replica, attempt) in owners:
                if container_id not in listed:
                    replica.endings.ended(
                        attempt, ContainerEnd(container_id, None, out_of_memory=False)
                    )
                elif not listed[container_id].alive:
                    await replica.endings.check(attempt)
            await self._remove([each for each in listed if self._is_stray(listed[each])])
        except (EngineUnavailable, EngineRefused) as error:
            _logger.warning("the state of the containers is not known: %s", error.message)

    def _is_stray(self, found: FoundContainer) -> bool:
        """Whether a container of ours is nobody's."""
        if not self._searched or found.container_id in self._owners:
            return False
        owner = found.owner
        if owner is None:
            return True
        if owner.key in self._found:
            return False
        replica = self._replicas.get(owner.key)
        return replica is None or not replica.expects(owner.uid, owner.container, owner.attempt)
