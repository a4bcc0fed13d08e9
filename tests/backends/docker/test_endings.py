"""Ends of containers: told once, cleared away whatever the engine does meanwhile."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kfsim.api.core import Container
from kfsim.backends.docker.containers import Attempt, ContainerRun, Stage
from kfsim.backends.docker.endings import Endings
from kfsim.backends.docker.engine import EngineRefused, EngineUnavailable
from kfsim.backends.docker.events import ContainerEnd
from kfsim.backends.docker.stored import read_logs
from kfsim.backends.docker.telling import Teller
from kfsim.backends.logfolders import LogFolders
from kfsim.backends.logs import log_path
from kfsim.replicas.backend import LogOptions, ReplicaEvent, ReplicaEventKind
from tests.backends.support import PATIENCE, make_spec

SPEC = make_spec(Container(name="server"))
STAMP = b"2026-01-02T03:04:05.123456789Z"


class Engine:
    """One container on an engine that may be `away`; `asked` are the calls, in order."""

    def __init__(self) -> None:
        self.away = False
        self.back = asyncio.Event()
        self.asked: list[str] = []
        self.signals: list[str] = []
        self.on_kill: Callable[[str], None] = lambda signal: None
        self.running = True
        self.gone = False

    async def call(self, what: str, function: Callable[[Any], Any], **_: Any) -> Any:
        await asyncio.sleep(0)
        if self.away:
            raise EngineUnavailable("away")
        self.asked.append(what)
        return function(self)

    async def stream(self, function: Callable[[Any], Any], **_: Any) -> Any:
        if self.gone:
            raise EngineRefused("No such container", status=404)
        for each in function(self):
            yield each

    async def until_available(self) -> None:
        await self.back.wait()

    async def wait_for(self, event: asyncio.Event) -> None:
        if self.away:
            raise EngineUnavailable("away")
        await event.wait()

    # docker.APIClient

    def inspect_container(self, _: str) -> dict[str, Any]:
        state = {"Running": self.running, "ExitCode": 5, "OOMKilled": False}
        return {"State": state, "Config": {"StopSignal": "SIGQUIT"}}

    def logs(self, _: str, *, stream: bool = False, **__: Any) -> Any:
        return iter([STAMP + b" bye\n"]) if stream else b"bye\n"

    def kill(self, _: str, signal: str) -> None:
        if not self.running:
            raise AssertionError("it does not run")
        self.signals.append(signal)
        self.on_kill(signal)

    def remove_container(self, _: str, *, force: bool, v: bool) -> None:
        pass


class Maker:
    def termination_message(self, container: str, attempt: int) -> str:
        return ""


class Sink:
    def __init__(self) -> None:
        self.events: list[ReplicaEvent] = []

    def emit(self, event: ReplicaEvent) -> None:
        self.events.append(event)

    @property
    def ends(self) -> list[tuple[int | None, str]]:
        exited = ReplicaEventKind.EXITED
        return [(each.exit_code, each.message) for each in self.events if each.kind is exited]


class World:
    def __init__(self, folder: Path) -> None:
        self.engine = Engine()
        self.sink = Sink()
        self.logs = folder
        self.forgotten: list[Attempt] = []
        self.endings = Endings(
            engine=self.engine,  # type: ignore[arg-type]
            maker=Maker(),  # type: ignore[arg-type]
            teller=Teller(SPEC, self.sink),
            logs=folder,
            forget=self.forgotten.append,
            name="test",
        )
        self.attempt = ContainerRun(SPEC.pod.spec.containers[0], is_init=False).begin()
        self.attempt.id = "c"
        self.attempt.stage = Stage.RUNNING
        self.endings.follow(self.attempt)

    def end(self, code: int | None = 3) -> None:
        self.engine.running = False
        self.endings.ended(self.attempt, ContainerEnd("c", code, False))


@pytest.fixture
async def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_an_end_is_told_once_with_its_last_words_and_its_log_is_kept(world: World) -> None:
    for _ in range(3):
        world.end()
    await asyncio.wait_for(world.attempt.stored.wait(), PATIENCE)
    assert world.sink.ends == [(3, "bye")]
    assert log_path(world.logs, "server", 0).read_bytes() == STAMP + b" F bye\n"
    assert world.engine.asked == [
        "describe an ended container",
        "read a log",
        "remove a container",
    ]
    assert world.forgotten == [world.attempt]


async def test_an_end_before_the_start_was_answered_is_kept_for_later(world: World) -> None:
    world.attempt.stage = Stage.STARTING
    world.end(1)
    world.end(None)
    assert world.attempt.early_end == ContainerEnd("c", 1, False)
    assert world.sink.events == []


async def test_the_end_of_a_replaced_container_is_not_told(world: World) -> None:
    world.attempt.replaced = True
    world.end()
    await asyncio.wait_for(world.attempt.stored.wait(), PATIENCE)
    assert world.sink.events == []


async def test_an_end_without_an_engine_is_told_and_cleared_away_when_it_is_back(
    world: World,
) -> None:
    world.engine.away = True
    world.end()
    await asyncio.wait_for(world.attempt.ended.wait(), PATIENCE)
    assert world.sink.ends == [(3, "")]
    assert not world.attempt.stored.is_set()
    world.engine.away = False
    world.engine.back.set()
    await asyncio.wait_for(world.attempt.stored.wait(), PATIENCE)
    assert world.engine.asked == ["read a log", "remove a container"]


async def test_a_stop_sends_the_images_signal_and_waits(world: World) -> None:
    world.engine.on_kill = lambda signal: world.end(0)
    await asyncio.wait_for(world.endings.terminate_all(60), PATIENCE)
    assert world.engine.signals == ["SIGQUIT"]
    assert world.sink.ends == [(0, "")]
    assert world.attempt.stored.is_set()


async def test_a_stop_kills_what_ignores_the_signal(world: World) -> None:
    world.engine.on_kill = lambda signal: world.end(137) if signal == "SIGKILL" else None
    await asyncio.wait_for(world.endings.terminate_all(0.01), PATIENCE)
    assert world.engine.signals == ["SIGQUIT", "SIGKILL"]


async def test_a_stop_without_grace_kills_at_once(world: World) -> None:
    world.engine.on_kill = lambda signal: world.end(137)
    await asyncio.wait_for(world.endings.terminate_all(0), PATIENCE)
    assert world.engine.signals == ["SIGKILL"]


async def test_a_stop_finds_out_that_a_container_ended_unnoticed(world: World) -> None:
    def refuse(signal: str) -> None:
        world.engine.running = False
        raise EngineRefused("Container c is not running", status=409)

    world.engine.on_kill = refuse
    await asyncio.wait_for(world.endings.terminate_all(60), PATIENCE)
    assert world.sink.ends == [(5, "bye")]


async def test_a_stop_without_an_engine_is_refused_and_the_container_runs_on(world: World) -> None:
    world.engine.away = True
    with pytest.raises(EngineUnavailable):
        await world.endings.terminate_all(1)
    assert world.attempt.stage is Stage.RUNNING
    assert world.sink.events == []


async def test_a_failed_start_leaves_neither_container_nor_log(world: World) -> None:
    log = log_path(world.logs, "server", 0)
    log.touch()
    world.endings.discard(world.attempt)
    await asyncio.wait_for(world.attempt.stored.wait(), PATIENCE)
    assert world.engine.asked == ["remove a container that did not start"]
    assert not log.exists()
    assert world.sink.events == []


async def read(world: World) -> list[bytes]:
    log = log_path(world.logs, "server", 0)
    assert world.endings.attempt_of(log) is world.attempt
    lines = read_logs(
        world.engine,  # type: ignore[arg-type]
        LogFolders(world.logs, kept=1),
        log,
        LogOptions(),
        world.attempt,
    )
    return [line async for line in lines]


async def test_the_log_of_a_running_container_is_the_engines(world: World) -> None:
    world.engine.logs = lambda *_, **__: iter([b"live\n"])  # type: ignore[method-assign]
    assert await read(world) == [b"live\n"]


async def test_the_log_of_one_that_is_being_stored_is_waited_for(world: World) -> None:
    log_path(world.logs, "server", 0).touch()
    world.engine.away = True
    world.end()
    await asyncio.wait_for(world.attempt.ended.wait(), PATIENCE)
    world.engine.away = False
    reading = asyncio.create_task(read(world))
    await asyncio.sleep(0)
    world.engine.back.set()
    assert await asyncio.wait_for(reading, PATIENCE) == [b"bye\n"]


async def test_a_container_that_was_removed_before_its_log_was_opened_has_it_stored(
    world: World,
) -> None:
    world.engine.gone = True
    reading = asyncio.create_task(read(world))
    await asyncio.sleep(0)
    world.end()
    assert await asyncio.wait_for(reading, PATIENCE) == [b"bye\n"]
