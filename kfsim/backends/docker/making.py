"""From a container of a Pod to a container of the engine that is ready to start."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from kfsim.api.core import Container
from kfsim.backends.docker.bodies import Allowances, Bind, Placement, Remark, make_create_request
from kfsim.backends.docker.connection import Client
from kfsim.backends.docker.containers import Attempt
from kfsim.backends.docker.engine import Engine, EngineRefused
from kfsim.backends.docker.engine_errors import make_create_failure
from kfsim.backends.docker.errors import NoSuchImage
from kfsim.backends.docker.images import Images
from kfsim.backends.docker.labels import STATE, container_name, make_labels
from kfsim.backends.docker.network import ClusterNames
from kfsim.backends.docker.settings import DockerSettings
from kfsim.backends.docker.telling import Teller
from kfsim.backends.docker.volumes import make_binds
from kfsim.backends.failures import CREATE_ERROR, StartFailure
from kfsim.backends.logs import TAIL_BYTES, log_path
from kfsim.backends.storage.failures import NOT_REVALIDATED, StorageFailure
from kfsim.backends.storage.requests import ModelRequest, plan_models
from kfsim.backends.storage.store import ModelStore
from kfsim.backends.volumes import VolumeSources
from kfsim.replicas.backend import ReplicaSpec

STORAGE_INITIALIZER = "storage-initializer"
# kubelet's default runtimeRequestTimeout (pkg/kubelet/apis/config/v1beta1/defaults.go)
START_SECONDS = 120.0
# kubelet's default terminationMessagePath (pkg/apis/core/v1/defaults.go)
_TERMINATION_LOG = "/dev/termination-log"


class MakerHost(Protocol):
    """What making a container needs of the backend."""

    settings: DockerSettings
    claims: Path
    engine: Engine
    images: Images
    models: ModelStore
    names: ClusterNames


class ContainerMaker:
    """Makes the containers of one replica."""

    def __init__(
        self, spec: ReplicaSpec, *, host: MakerHost, teller: Teller, folder: Path, logs: Path
    ) -> None:
        self._spec = spec
        self._teller = teller
        self._host = host
        self._folder = folder
        self._logs = logs
        self._downloaded: dict[str, str] = {}
        self._provided = False
        self._allow = Allowances(
            privileged=host.settings.allow_privileged, host_path=host.settings.allow_host_path
        )

    def prepare(self) -> None:
        """Make the replica's folders. In a thread."""
        for folder in (self._folder, self._folder / "termination", self._logs):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def provide_models(self) -> None:
        """Know the models of the initializers again, after an adoption. Raises StartFailure."""
        for container in self._spec.pod.spec.init_containers:
            if container.name == STORAGE_INITIALIZER and not self._provided:
                try:
                    await self._provide(container, anew=False)
                except StorageFailure as failure:
                    raise StartFailure(CREATE_ERROR, str(failure)) from failure

    async def provide_model(self, initializer: Container) -> None:
        """Do the storage-initializer's work. Raises StorageFailure."""
        await self._provide(initializer, anew=True)

    async def _provide(self, initializer: Container, *, anew: bool) -> None:
        """`anew` is false where containers that run already may have the folders mounted."""
        self._provided = False
        models = self._host.models
        for wanted in plan_models(self._spec.pod.spec, initializer):
            request = ModelRequest(
                places=wanted.places,
                namespace=self._spec.key.namespace,
                view=self._folder / "models" / wanted.volume,
                writable=wanted.writable,
            )
            folder = None if anew else await models.recall(request)
            if folder is None:
                folder = await models.provide(
                    request,
                    note=lambda text: self._note(initializer, Remark(NOT_REVALIDATED, text)),
                )
            self._downloaded[wanted.volume] = str(folder)
        self._provided = True

    def _note(self, container: Container, remark: Remark) -> None:
        self._teller.noted(container.name, remark)

    async def create(self, attempt: Attempt, placement: Placement) -> None:
        """Make the container. Raises StartFailure and EngineUnavailable."""
        binds = await asyncio.to_thread(self._make_binds, attempt.run.container, attempt.number)
        try:
            await self._create(attempt, placement, binds)
        except NoSuchImage:  # removed since it was looked for
            await self._create(attempt, placement, binds)

    async def _create(self, attempt: Attempt, placement: Placement, binds: Sequence[Bind]) -> None:
        spec, container, host = self._spec, attempt.run.container, self._host
        note = partial(self._note, container)
        image = await host.images.ensure(container, spec.registries, note)
        state = host.settings.state
        container = host.names.rewrite(image.adapt(container), spec.key.namespace)
        request = make_create_request(
            spec,
            container,
            binds=binds,
            placement=placement,
            labels=make_labels(spec, container.name, attempt=attempt.number, state=state),
            host=host.engine.host,
            allow=self._allow,
            image=image.reference,
            image_user=image.user,
        )
        for remark in request.remarks:
            note(remark)
        attempt.image_id = image.image_id
        attempt.id = await self._post(attempt, self._with_log(request.body))

    async def _post(self, attempt: Attempt, body: Mapping[str, Any]) -> str:
        state = self._host.settings.state
        name = container_name(self._spec, attempt.run.name, attempt=attempt.number, state=state)

        def create(client: Client) -> str:
            return str(client.create_container_from_config(body, name)["Id"])

        def create_anew(client: Client) -> str:
            labels = client.inspect_container(name)["Config"]["Labels"] or {}
            if labels.get(STATE) == state:
                remove(client, name)
            return create(client)

        what = f"create container {name}"
        try:
            return await self._host.engine.call(what, create, timeout=START_SECONDS, undo=remove)
        except NoSuchImage:
            raise
        except EngineRefused as error:
            if error.status != 409:
                raise make_create_failure(attempt.run.name, error.message) from error
        try:  # the name is taken by what an earlier life of the replica left
            return await self._host.engine.call(
                what, create_anew, timeout=START_SECONDS, undo=remove
            )
        except EngineRefused as error:
            raise make_create_failure(attempt.run.name, error.message) from error

    def _with_log(self, body: Mapping[str, Any]) -> dict[str, Any]:
        settings = self._host.settings
        config = {"max-size": str(settings.log_bytes), "max-file": str(settings.log_files)}
        log = {"Type": settings.log_driver, "Config": config}
        return {**body, "HostConfig": {**body.get("HostConfig", {}), "LogConfig": log}}

    def _make_binds(self, container: Container, attempt: int) -> tuple[Bind, ...]:
        """In a thread. Also makes the files of the attempt: its termination log, and the empty
        stored log that says that there was such an attempt."""
        sources = VolumeSources(
            folder=self._folder,
            claims=self._host.claims,
            files=self._spec.files,
            downloaded=self._downloaded,
        )
        binds = make_binds(self._spec, container, sources, self._allow)
        log_path(self._logs, container.name, attempt).touch(mode=0o600)
        for old in self._logs.glob(f"{container.name}.{attempt - 2}.log*"):
            old.unlink(missing_ok=True)
        termination = self._termination_log(container.name, attempt)
        termination.unlink(missing_ok=True)
        termination.touch()
        # Whichever user the container has may write it (kubelet's makeMounts does the same).
        os.chmod(termination, 0o666)  # noqa: S103  # see above
        target = container.termination_message_path or _TERMINATION_LOG
        return (*binds, Bind(str(termination), target, read_only=False))

    def _termination_log(self, container: str, attempt: int) -> Path:
        return self._folder / "termination" / f"{container}.{attempt}"

    def termination_message(self, container: str, attempt: int) -> str:
        """What the container wrote as its last message, if anything. In a thread."""
        try:
            with self._termination_log(container, attempt).open("rb") as file:
                return file.read(TAIL_BYTES).decode(errors="replace").strip()
        except OSError:
            return ""


def remove(client: Client, container_id: str) -> None:
    """Remove a container, running or not, with the volumes that only it has."""
    try:
        client.remove_container(container_id, force=True, v=True)
    except Exception as error:
        # gone already, or being removed at this moment
        if getattr(error, "status_code", None) not in (404, 409):
            raise
