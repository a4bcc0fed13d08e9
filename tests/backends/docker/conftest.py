"""Fixtures for tests of the Docker backend on a real engine."""

import gc
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from kfsim.backends.docker.backend import DockerBackend
from kfsim.backends.docker.settings import DockerSettings
from kfsim.base.entropy import SystemEntropy
from tests.backends.support import Events
from tests.backends.world import World
from tests.engines.command import DockerCommand


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            # The SDK forgets the socket whose connect() failed (docker.transport.unixconn).
            item.add_marker(pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"))


@pytest.fixture(autouse=True)
def forgotten_sockets() -> Iterator[None]:
    """Let the collector find those sockets here, not in whatever test comes next."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def world(base_image: str) -> World:
    return World(
        python="python",
        image=base_image,
        host="0.0.0.0",  # of the container
        models="/mnt/models",
    )


@pytest.fixture
def state(docker_command: DockerCommand) -> Iterator[str]:
    """A label value of the test's own; what has it afterwards is removed."""
    state = f"test-{SystemEntropy().suffix(8)}"
    yield state
    remove_labelled(docker_command, state)


@pytest.fixture
def settings(engine: str, state: str) -> DockerSettings:
    return DockerSettings(state=state, host=engine)


@pytest.fixture
async def backend(settings: DockerSettings, tmp_path: Path) -> AsyncIterator[DockerBackend]:
    backend = DockerBackend(state_dir=tmp_path / "state", settings=settings)
    await backend.open()
    yield backend
    await backend.close()


@pytest.fixture
def events(backend: DockerBackend) -> Events:
    return Events(backend)


def labelled(docker_command: DockerCommand, state: str) -> list[str]:
    """Ids of all containers and networks with the state's label."""
    only = ("--quiet", f"--filter=label=kfsim.dev/state={state}")
    containers = docker_command.run("ps", "--all", *only).split()
    return [*containers, *docker_command.run("network", "ls", *only).split()]


def remove_labelled(docker_command: DockerCommand, state: str) -> None:
    only = ("--quiet", f"--filter=label=kfsim.dev/state={state}")
    if containers := docker_command.run("ps", "--all", *only).split():
        docker_command.run("rm", "--force", "--volumes", *containers, check=False)
    if networks := docker_command.run("network", "ls", *only).split():
        docker_command.run("network", "rm", *networks, check=False)
