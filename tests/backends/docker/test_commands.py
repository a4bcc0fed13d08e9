"""Commands beside a container."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest

from kfsim.backends.docker.commands import run_command
from kfsim.backends.docker.engine import Engine, EngineRefused
from kfsim.testing.waiting import wait_until
from tests.backends.support import PATIENCE
from tests.engines.command import DockerCommand


@dataclass(frozen=True)
class Running:
    engine: Engine
    container: str

    async def __call__(self, *command: str) -> tuple[int, bytes]:
        return await run_command(self.engine, self.container, command)


@pytest.fixture(scope="module")
def container(docker_command: DockerCommand, base_image: str) -> Iterator[str]:
    container = docker_command.run("run", "--detach", base_image, "sleep", "600")
    yield container
    docker_command.run("rm", "--force", container)


@pytest.fixture
async def run(engine: str, container: str) -> AsyncIterator[Running]:
    found = Engine(host=engine)
    found.open()
    assert await found.settle(PATIENCE)
    yield Running(found, container)
    await found.close()


async def test_code_and_output_are_told(run: Running) -> None:
    assert await run("sh", "-c", "echo hello; exit 3") == (3, b"hello\n")
    assert await run("true") == (0, b"")


async def test_a_command_that_is_not_there_fails_as_in_a_shell(run: Running) -> None:
    code, output = await run("no-such-program")
    assert code in (126, 127)
    assert b"no-such-program" in output


async def test_the_first_mebibyte_of_output_is_kept(run: Running) -> None:
    code, output = await run("python", "-c", "print('x' * (3 * 2**20))")
    assert (code, output) == (0, b"x" * 2**20)


async def test_many_hanging_commands_hold_nothing_up_and_can_be_left(
    run: Running, docker_command: DockerCommand
) -> None:
    hanging = [asyncio.create_task(run("sleep", "60")) for _ in range(10)]
    await wait_until(
        lambda: docker_command.run("top", run.container).count("sleep 60") >= len(hanging),
        what="all ten to be under way",
        timeout=PATIENCE,
    )  # a call that needs one of the eight threads still works
    async with asyncio.timeout(PATIENCE):
        assert await run("sh", "-c", "exit 7") == (7, b"")
    for each in hanging:
        each.cancel()
    async with asyncio.timeout(PATIENCE):
        results = await asyncio.gather(*hanging, return_exceptions=True)
    assert all(isinstance(each, asyncio.CancelledError) for each in results)


async def test_a_container_that_does_not_run_refuses(
    run: Running, docker_command: DockerCommand, base_image: str
) -> None:
    created = docker_command.run("create", base_image, "true")
    try:
        with pytest.raises(EngineRefused, match="is not running"):
            await run_command(run.engine, created, ("true",))
    finally:
        docker_command.run("rm", created)
