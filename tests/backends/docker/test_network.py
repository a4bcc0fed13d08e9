"""The project's network, made when it is first needed and removed at the end."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from kfsim.api.core import Container
from kfsim.backends.docker.engine import Engine
from kfsim.backends.docker.network import NoNames, ProjectNetwork
from kfsim.base.errors import Unavailable
from tests.backends.docker.conftest import labelled
from tests.backends.support import PATIENCE
from tests.engines.command import DockerCommand


class Names(NoNames):
    """Records where it was asked to serve; `problem` refuses that."""

    def __init__(self) -> None:
        self.served: list[tuple[str, str]] = []
        self.problem = ""

    async def open(self, gateway: str, subnet: str) -> None:
        await asyncio.sleep(0)
        if self.problem:
            raise Unavailable(self.problem)
        self.served.append((gateway, subnet))


@pytest.fixture
async def running(engine: str) -> AsyncIterator[Engine]:
    running = Engine(host=engine)
    running.open()
    assert await running.settle(PATIENCE)
    yield running
    await running.close()


@pytest.fixture
def names() -> Names:
    return Names()


@pytest.fixture
async def network(running: Engine, state: str, names: Names) -> AsyncIterator[ProjectNetwork]:
    network = ProjectNetwork(running, state=state, names=names)
    yield network
    await network.close()


async def test_many_replicas_make_one_network_and_its_names_are_served_first(
    network: ProjectNetwork, names: Names, docker_command: DockerCommand, state: str
) -> None:
    made = await asyncio.gather(*(network.ensure() for _ in range(5)))
    assert len(set(made)) == 1
    assert made[0].name == f"kfsim-{state}"
    assert names.served == [(made[0].gateway, made[0].subnet)]
    assert network.gateway_address == made[0].gateway
    assert labelled(docker_command, state) == [made[0].network_id[:12]]


async def test_the_network_of_an_earlier_daemon_is_used(
    network: ProjectNetwork, running: Engine, state: str
) -> None:
    first = await network.ensure()
    later = ProjectNetwork(running, state=state, names=NoNames())
    assert (await later.ensure()).network_id == first.network_id


async def test_one_who_stops_waiting_leaves_the_making_to_the_others(
    network: ProjectNetwork, docker_command: DockerCommand, state: str
) -> None:
    impatient = asyncio.create_task(network.ensure())
    await asyncio.sleep(0)
    patient = asyncio.create_task(network.ensure())
    await asyncio.sleep(0)
    impatient.cancel()
    made = await patient
    assert labelled(docker_command, state) == [made.network_id[:12]]


async def test_names_that_cannot_be_served_are_tried_again(
    network: ProjectNetwork, names: Names
) -> None:
    names.problem = "the port is taken"
    with pytest.raises(Unavailable, match="the port is taken"):
        await network.ensure()
    names.problem = ""
    await network.ensure()
    assert len(names.served) == 1


async def test_a_network_that_went_away_is_made_anew(
    network: ProjectNetwork, names: Names, docker_command: DockerCommand
) -> None:
    first = await network.ensure()
    docker_command.run("network", "rm", first.name)
    network.forget()
    assert (await network.ensure()).network_id != first.network_id
    assert len(names.served) == 2


async def test_remove_leaves_a_network_that_somebody_else_uses(
    network: ProjectNetwork, docker_command: DockerCommand, state: str, base_image: str
) -> None:
    made = await network.ensure()
    guest = docker_command.run(
        "run", "--detach", f"--network={made.name}", base_image, "sleep", "60"
    )
    try:
        await network.remove()
        assert labelled(docker_command, state) == [made.network_id[:12]]
    finally:
        docker_command.run("rm", "--force", guest)
    await network.remove()
    assert labelled(docker_command, state) == []


def test_without_names_nothing_is_changed() -> None:
    container = Container(name="server")
    assert NoNames().rewrite(container, "default") is container
