"""Clients that take too long to ask, or rest too long, are closed; those that wait are not."""

import asyncio

import pytest

from kfsim.dataplane import Limits
from kfsim.dataplane.rest import Rest
from tests.dataplane.worlds import Replica, running

FAST = Limits(head_timeout=0.05, idle_timeout=0.2)


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kfsim.dataplane.rest._INTERVAL", 0.01)


def test_rest_is_the_time_in_one_state() -> None:
    rest = Rest()
    assert [rest.seconds(state, now) for state, now in (("a", 1), ("a", 3), ("b", 4))] == [0, 2, 0]
    assert [rest.seconds(state, now) for state, now in (("b", 9), ("a", 10))] == [5, 0]


@pytest.mark.parametrize(
    "sent",
    [b"GET / HTTP/1.1\r\nHost: a\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n\r"],
    ids=["between lines", "in the last line"],
)
async def test_a_slow_head_is_told_so(sent: bytes) -> None:
    async with running(limits=FAST) as world:
        client = await world.connect()
        client.writer.write(sent)
        reply = await client.reply()
        assert (reply.status, reply.headers["connection"]) == (408, "close")
        assert "0.05 s" in reply.text
        assert await client.reader.read() == b""
        client.close()


async def test_a_head_that_comes_byte_by_byte_is_slow_too() -> None:
    async with running(limits=FAST) as world:
        client = await world.connect()
        client.writer.write(b"GET / HTTP/1.1\r\nX-Slow: ")
        answered = asyncio.ensure_future(client.reply())
        while not answered.done():
            client.writer.write(b"x")
            await asyncio.sleep(0.01)
        assert (await answered).status == 408
        client.close()


@pytest.mark.parametrize("sent", [b"", b"PRI * HTTP"], ids=["nothing", "half a preface"])
async def test_a_client_that_never_speaks_is_closed(sent: bytes) -> None:
    async with running(limits=FAST) as world:
        client = await world.connect()
        client.writer.write(sent)
        assert await client.reader.read() == b""
        client.close()


async def test_a_connection_that_rests_is_closed_but_none_that_waits_for_its_answer() -> None:
    async def slow(replica: Replica, request, writer) -> None:
        await replica.gate.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    replica = Replica(1, slow)
    async with running(replica, limits=FAST) as world:
        world.route(replica)
        resting, waiting = await world.connect(), await world.connect()
        waiting.send("/")
        await replica.arrived.wait()
        replica.gate.set()
        resting.send("/")
        assert (await resting.reply()).status == 200
        replica.gate.clear()
        assert (await waiting.reply()).status == 200
        waiting.send("/")
        assert await resting.reader.read() == b""
        replica.gate.set()
        assert (await waiting.reply()).status == 200
        resting.close()
        waiting.close()


async def test_many_connections_are_looked_at_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kfsim.dataplane.rest._PORTION", 2)
    async with running(limits=FAST) as world:
        clients = [await world.connect() for _ in range(5)]
        for client in clients:
            client.writer.write(b"GET / HTTP/1.1\r\nX-Slow: ")
        for client in clients:
            assert (await client.reply()).status == 408
            client.close()
        late = await world.connect()  # and on they go
        late.writer.write(b"GET")
        assert (await late.reply()).status == 408
        late.close()
