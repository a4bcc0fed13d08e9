"""What the engine is asked for on the way to a container."""

import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from kfsim.api.core import Container
from kfsim.backends.docker.bodies import HostSize, Placement
from kfsim.backends.docker.containers import Attempt, ContainerRun
from kfsim.backends.docker.errors import EngineRefused, NoSuchImage
from kfsim.backends.docker.images import PulledImage
from kfsim.backends.docker.making import ContainerMaker
from kfsim.backends.docker.network import NoNames
from kfsim.backends.docker.settings import DockerSettings
from kfsim.backends.docker.telling import Teller
from kfsim.backends.failures import StartFailure
from kfsim.replicas.backend import ReplicaEvent
from tests.backends.support import make_spec

SPEC = make_spec(Container(name="server", image="img:1", command=("serve",)))


class Client:
    """Creates containers, after refusing as often as it was told to."""

    def __init__(self, refusals: list[Exception]) -> None:
        self.refusals = refusals
        self.created: list[tuple[str, Mapping[str, Any]]] = []
        self.labels = {"kfsim.dev/state": "demo"}
        self.removed: list[str] = []

    def create_container_from_config(self, body: Mapping[str, Any], name: str) -> dict[str, str]:
        self.created.append((name, body))
        if self.refusals:
            raise self.refusals.pop(0)
        return {"Id": f"id{len(self.created)}"}

    def inspect_container(self, name: str) -> dict[str, Any]:
        return {"Config": {"Labels": self.labels}}

    def remove_container(self, name: str, *, force: bool, v: bool) -> None:
        assert force
        assert v
        self.removed.append(name)


class Host:
    """The backend, with an engine that is only its client."""

    host = HostSize(cpus=2.0, memory=2**30)

    def __init__(self, folder: Path, *refusals: Exception) -> None:
        self.settings = DockerSettings(state="demo", log_bytes=1000, log_files=2)
        self.claims = folder / "claims"
        self.engine: Any = self
        self.images: Any = self
        self.models: Any = None
        self.names = NoNames()
        self.client = Client(list(refusals))
        self.looked = 0
        self.events: list[ReplicaEvent] = []

    async def call(self, what: str, function: Callable[[Any], Any], **_: Any) -> Any:
        return function(self.client)

    async def ensure(self, container: Container, *_: Any) -> PulledImage:
        self.looked += 1
        return PulledImage(container.image or "", f"docker://sha256:{self.looked}")

    def emit(self, event: ReplicaEvent) -> None:
        self.events.append(event)


def make(tmp_path: Path, *refusals: Exception) -> tuple[Host, ContainerMaker, Attempt]:
    host = Host(tmp_path, *refusals)
    maker = ContainerMaker(
        SPEC,
        host=host,
        teller=Teller(SPEC, host),
        folder=tmp_path / "replica",
        logs=tmp_path / "logs",
    )
    maker.prepare()
    return host, maker, ContainerRun(SPEC.pod.spec.containers[0], is_init=False).begin()


PLACE = Placement(network="kfsim-demo")


async def test_a_container_has_its_name_labels_log_and_termination_message(
    tmp_path: Path,
) -> None:
    host, maker, attempt = make(tmp_path)
    await maker.create(attempt, PLACE)
    ((name, body),) = host.client.created
    assert (attempt.id, attempt.image_id) == ("id1", "docker://sha256:1")
    assert name == "kfsim_demo_default_iris-1_server_0"
    assert body["Labels"]["kfsim.dev/container"] == "server"
    assert body["HostConfig"]["NetworkMode"] == "kfsim-demo"
    assert body["HostConfig"]["LogConfig"] == {
        "Type": "json-file",
        "Config": {"max-size": "1000", "max-file": "2"},
    }
    (mount,) = body["HostConfig"]["Mounts"]
    assert mount["Target"] == "/dev/termination-log"
    written = Path(mount["Source"])
    assert stat.S_IMODE(written.stat().st_mode) == 0o666
    written.write_text(" out of tea \n")
    assert maker.termination_message("server", 0) == "out of tea"
    assert maker.termination_message("server", 1) == ""
    assert (tmp_path / "logs/server.0.log").read_bytes() == b""


async def test_an_image_that_went_away_is_looked_for_again(tmp_path: Path) -> None:
    host, maker, attempt = make(tmp_path, NoSuchImage("No such image: img:1", status=404))
    await maker.create(attempt, PLACE)
    assert (host.looked, attempt.image_id) == (2, "docker://sha256:2")


async def test_a_leftover_of_this_project_gives_its_name_back(tmp_path: Path) -> None:
    host, maker, attempt = make(tmp_path, EngineRefused("name is in use", status=409))
    await maker.create(attempt, PLACE)
    assert host.client.removed == ["kfsim_demo_default_iris-1_server_0"]
    assert attempt.id == "id2"


async def test_somebody_elses_container_is_let_be(tmp_path: Path) -> None:
    taken = EngineRefused('The container name "x" is already in use', status=409)
    host, maker, attempt = make(tmp_path, taken, taken)
    host.client.labels = {"kfsim.dev/state": "another"}
    with pytest.raises(StartFailure, match="is already in use"):
        await maker.create(attempt, PLACE)
    assert host.client.removed == []


async def test_a_refusal_is_told_with_what_was_attempted(tmp_path: Path) -> None:
    _, maker, attempt = make(tmp_path, EngineRefused("No command specified", status=400))
    with pytest.raises(StartFailure, match="cannot create container server") as failure:
        await maker.create(attempt, PLACE)
    assert failure.value.reason == "CreateContainerError"
    assert attempt.id == ""


async def test_logs_of_the_last_two_attempts_are_kept(tmp_path: Path) -> None:
    _, maker, attempt = make(tmp_path)
    for _ in range(3):
        await maker.create(attempt, PLACE)
        attempt = attempt.run.begin()
    assert sorted(path.name for path in (tmp_path / "logs").iterdir()) == [
        "server.1.log",
        "server.2.log",
    ]
