"""Building blocks for backend tests: Pods, an event collector, small server programs."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from kfsim.api.core import (
    Container,
    ContainerPort,
    EmptyDirVolume,
    EnvVar,
    Pod,
    PodSpec,
    Volume,
    VolumeMount,
)
from kfsim.api.meta import ObjectMeta
from kfsim.base.types import ReplicaKey, RevisionKey
from kfsim.replicas.backend import ReplicaBackend, ReplicaEvent, ReplicaEventKind, ReplicaSpec

PATIENCE = 30.0
WEB_SERVER = Path(__file__).with_name("web_server.py")
MODEL_VOLUME = "kserve-provision-location"


class Events:
    """All events of a backend, in order; waits for those to come."""

    def __init__(self, backend: ReplicaBackend) -> None:
        self.all: list[ReplicaEvent] = []
        self._changed = asyncio.Condition()
        self._pending: list[asyncio.Future[None]] = []
        backend.subscribe(self._on_event)

    def _on_event(self, event: ReplicaEvent) -> None:
        self.all.append(event)
        pending, self._pending = self._pending, []
        for future in pending:
            if not future.done():
                future.set_result(None)

    def of(
        self, key: ReplicaKey, kind: ReplicaEventKind, container: str = ""
    ) -> list[ReplicaEvent]:
        return [
            each
            for each in self.all
            if each.key == key and each.kind is kind and container in ("", each.container)
        ]

    async def wait(
        self, key: ReplicaKey, kind: ReplicaEventKind, container: str = "", *, count: int = 1
    ) -> ReplicaEvent:
        """The count-th event of that kind."""
        try:
            async with asyncio.timeout(PATIENCE):
                while len(found := self.of(key, kind, container)) < count:
                    future = asyncio.get_running_loop().create_future()
                    self._pending.append(future)
                    await future
        except TimeoutError:
            raise AssertionError(f"no {kind} of {key} {container}; got {self.all}") from None
        return found[count - 1]


def command_container(
    *args: str,
    name: str = "kserve-container",
    env: Mapping[str, str] | None = None,
    ports: Sequence[int] = (8080,),
    mounts: Sequence[VolumeMount] = (),
) -> Container:
    """A container that runs Python with these arguments."""
    return Container(
        name=name,
        image="example.com/custom:1",
        command=(sys.executable,),
        args=args,
        env=tuple(EnvVar(name=key, value=value) for key, value in (env or {}).items()),
        ports=tuple(ContainerPort(container_port=port) for port in ports),
        volume_mounts=tuple(mounts),
    )


def web_container(
    *, name: str = "kserve-container", env: Mapping[str, str] | None = None
) -> Container:
    return command_container(str(WEB_SERVER), "--port=8080", name=name, env=env)


def script_container(script: str, *, name: str = "kserve-container") -> Container:
    return command_container("-c", script, name=name)


def sklearn_containers(uri: str | None, *, args: Sequence[str] = ()) -> tuple[Container, ...]:
    """storage-initializer and kserve's sklearnserver, as KServe makes them."""
    mount = VolumeMount(name=MODEL_VOLUME, mount_path="/mnt/models")
    server = Container(
        name="kserve-container",
        image="kserve/sklearnserver:v0.20.0",
        args=("--model_name=iris", "--model_dir=/mnt/models", "--http_port=8080", *args),
        ports=(ContainerPort(container_port=8080),),
        volume_mounts=(mount.replaced(read_only=True),),
    )
    initializer = Container(
        name="storage-initializer",
        image="kserve/storage-initializer:v0.20.0",
        args=(uri or "", "/mnt/models"),
        volume_mounts=(mount,),
    )
    return (initializer, server) if uri is not None else (server,)


def make_spec(
    *containers: Container,
    name: str = "iris-1",
    init: Sequence[Container] = (),
    volumes: Sequence[Volume] = (),
    files: Mapping[str, Mapping[str, bytes]] | None = None,
) -> ReplicaSpec:
    """A spec whose serving container is the first that is given."""
    key = ReplicaKey("default", name)
    pod = Pod(
        metadata=ObjectMeta(name=name, namespace="default", uid=f"uid-{name}"),
        spec=PodSpec(containers=containers, init_containers=tuple(init), volumes=tuple(volumes)),
    )
    return ReplicaSpec(
        key=key,
        uid=f"uid-{name}",
        revision=RevisionKey("default", "iris-00001"),
        pod=pod,
        serving_container=containers[0].name,
        serving_port=8080,
        files=files or {},
    )


def make_model_spec(uri: str, *, name: str = "iris-1", args: Sequence[str] = ()) -> ReplicaSpec:
    """An sklearn predictor with its model from `uri`, and Knative's queue-proxy record."""
    initializer, server = sklearn_containers(uri, args=args)
    return make_spec(
        server,
        Container(name="queue-proxy", image="queue"),
        name=name,
        init=(initializer,),
        volumes=(Volume(name=MODEL_VOLUME, empty_dir=EmptyDirVolume()),),
    )
