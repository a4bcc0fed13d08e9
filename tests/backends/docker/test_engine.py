"""An engine that comes and goes, and calls that nobody waits for any more."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from kfsim.backends.docker.engine import Engine, EngineRefused, EngineUnavailable
from kfsim.testing.waiting import wait_until
from tests.backends.docker.socket_engine import FakeEngine
from tests.backends.support import PATIENCE


@pytest.fixture
def socket(tmp_path: Path) -> Path:
    return tmp_path / "engine.sock"


@pytest.fixture
def fake(socket: Path) -> Iterator[FakeEngine]:
    fake = FakeEngine(socket, {"/events": [{"Type": "container", "Action": "die"}]})
    yield fake
    fake.close()


@pytest.fixture
async def engine(socket: Path) -> AsyncIterator[Engine]:
    engine = Engine(host=f"unix://{socket}")
    yield engine
    await engine.close()


async def wait_for(engine: Engine, *, available: bool) -> None:
    await wait_until(
        lambda: engine.available is available, what=f"available {available}", timeout=PATIENCE
    )


async def lose(fake: FakeEngine) -> None:
    await wait_until(lambda: fake.followed, what="the events to be followed", timeout=PATIENCE)
    fake.lose()


async def test_an_engine_that_is_not_there_is_told_and_picked_up_when_it_comes(
    engine: Engine, socket: Path
) -> None:
    changes: list[bool] = []
    engine.on_change(changes.append)
    engine.open()
    assert await engine.settle(PATIENCE) is False
    assert "there is no such socket" in engine.problem
    with pytest.raises(EngineUnavailable, match="no such socket"):
        await engine.call("ask", lambda client: None)
    fake = FakeEngine(socket)
    await asyncio.wait_for(engine.until_available(), PATIENCE)
    assert (engine.host.cpus, engine.problem, changes) == (4.0, "", [True])
    fake.close()


async def test_a_lost_connection_is_noticed_at_once_and_made_again(
    engine: Engine, fake: FakeEngine
) -> None:
    changes: list[bool] = []
    engine.on_change(changes.append)
    engine.open()
    assert await engine.settle(PATIENCE)
    waiter = asyncio.create_task(engine.wait_for(asyncio.Event()))
    await asyncio.sleep(0)
    await lose(fake)
    with pytest.raises(EngineUnavailable, match="was lost"):
        await waiter
    await asyncio.wait_for(engine.until_available(), PATIENCE)
    assert changes == [True, False, True]


async def test_events_arrive_on_the_loop(engine: Engine, fake: FakeEngine) -> None:
    arrived: asyncio.Queue[object] = asyncio.Queue()
    engine.on_event(lambda event: arrived.put_nowait((event["Action"], threading.current_thread())))
    engine.open()
    got = await asyncio.wait_for(arrived.get(), PATIENCE)
    assert got == ("die", threading.current_thread())


async def test_a_refusal_carries_the_engines_words(engine: Engine, fake: FakeEngine) -> None:
    engine.open()
    await engine.settle(PATIENCE)
    with pytest.raises(EngineRefused) as refused:
        await engine.call("inspect", lambda client: client.inspect_container("x"))
    assert (refused.value.message, refused.value.status) == ("no such", 404)
    assert engine.available


async def test_an_engine_that_dies_during_a_call_is_lost(engine: Engine, fake: FakeEngine) -> None:
    engine.open()
    await engine.settle(PATIENCE)

    def ask(client: object) -> None:
        raise ConnectionResetError(104, "Connection reset by peer")

    with pytest.raises(EngineUnavailable, match=r"cannot reach .*reset by peer"):
        await engine.call("ask", ask)
    await asyncio.wait_for(engine.until_available(), PATIENCE)


async def test_a_call_that_takes_too_long_is_given_up_and_undone_when_it_ends(
    engine: Engine, fake: FakeEngine
) -> None:
    engine.open()
    await engine.settle(PATIENCE)
    go, undone = threading.Event(), threading.Event()

    def slow(client: object) -> str:
        go.wait(PATIENCE)
        return "made"

    def undo(client: object, result: str) -> None:
        assert result == "made"
        undone.set()

    with pytest.raises(EngineUnavailable, match=r"did not answer within 0.01 s while asked to mak"):
        await engine.call("make", slow, timeout=0.01, undo=undo)
    assert not undone.is_set()
    go.set()
    assert await asyncio.to_thread(undone.wait, PATIENCE)


async def test_a_result_on_its_way_to_a_cancelled_asker_is_undone(
    engine: Engine, fake: FakeEngine
) -> None:
    engine.open()
    await engine.settle(PATIENCE)
    done, undone = threading.Event(), threading.Event()

    async def ask() -> None:
        await engine.call(
            "make", lambda client: done.set() or "made", undo=lambda client, result: undone.set()
        )

    task = asyncio.create_task(ask())
    await asyncio.sleep(0)
    done.wait(PATIENCE)  # blocks the loop, so that the result cannot be delivered before
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(undone.wait, PATIENCE)


async def test_hanging_calls_leave_streams_and_connecting_alone(
    engine: Engine, fake: FakeEngine
) -> None:
    engine.open()
    await engine.settle(PATIENCE)
    go = threading.Event()
    hanging = [
        asyncio.create_task(engine.call("hang", lambda client: go.wait(PATIENCE)))
        for _ in range(12)
    ]
    await asyncio.sleep(0)
    assert [item async for item in engine.stream(lambda client: iter("abc"))] == ["a", "b", "c"]
    await lose(fake)
    await wait_for(engine, available=False)
    await asyncio.wait_for(engine.until_available(), PATIENCE)
    go.set()
    assert all(await asyncio.gather(*hanging))
