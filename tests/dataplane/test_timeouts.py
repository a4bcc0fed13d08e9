"""The three timeouts of a revision, as a client sees them: before and after the first byte."""

import asyncio

import pytest

from kfsim.base.types import ServiceMode
from kfsim.dataplane.counters import Outcome
from tests.dataplane.worlds import Replica, answer_ok, running, until

MODES = pytest.mark.parametrize(
    ("mode", "text"),
    [(ServiceMode.PROXY, "activator request timeout"), (ServiceMode.SERVE, "request timeout")],
)
SHORT = 0.05
ENOUGH = 0.4  # for what is to happen in time, on a busy machine too


async def hang(replica, request, writer):
    await replica.gate.wait()


async def begin_and_hang(replica, request, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n")
    await replica.gate.wait()


@MODES
@pytest.mark.parametrize("timeout", ["timeout", "response_start_timeout", "idle_timeout"])
async def test_a_replica_that_says_nothing_ends_in_504(mode, text, timeout):
    replica = Replica(1, hang)
    async with running(replica) as world:
        world.route(replica, mode=mode, **{timeout: SHORT})
        client = await world.connect()
        client.send("/", method="POST", body=b"x")
        reply = await client.reply()
        assert (reply.status, reply.text) == (504, text)
        assert reply.headers["content-length"] == str(len(text))
        assert world.flow.in_flight(replica.key) == 0
        client.send("/nowhere", host="nobody")  # the connection goes on
        assert (await client.reply()).status == 404
        client.close()
        replica.gate.set()
        await replica.gone.wait()


@MODES
@pytest.mark.parametrize("timeout", ["timeout", "idle_timeout"])
async def test_a_response_that_has_begun_is_broken_off(mode, text, timeout):
    replica = Replica(1, begin_and_hang)
    async with running(replica) as world:
        world.route(replica, mode=mode, **{timeout: ENOUGH})
        client = await world.connect()
        client.send("/")
        assert b" 200 " in await client.head()
        # Whoever reads the chunks to their end must notice that it is missing.
        assert await client.reader.readexactly(9) == b"4\r\npart\r\n"
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await client.reader.readexactly(1)
        client.close()
        assert world.gateway.counters.ended[Outcome.BROKEN] == 1
        replica.gate.set()
        await replica.gone.wait()


async def test_the_start_of_a_response_ends_the_wait_for_it():
    async def begin_and_wait(replica, request, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
        await asyncio.sleep(1.5 * ENOUGH)
        writer.write(b"ok")

    replica = Replica(1, begin_and_wait)
    async with running(replica) as world:
        world.route(replica, response_start_timeout=ENOUGH)
        reply = await world.ask("/")
        assert (reply.status, reply.text) == (200, "ok")


async def test_a_stream_may_last_as_long_as_it_says_something():
    async def stream(replica, request, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
        for _ in range(10):  # longer in all than the timeout
            writer.write(b".")
            await asyncio.sleep(SHORT)

    replica = Replica(1, stream)
    async with running(replica) as world:
        world.route(replica, idle_timeout=ENOUGH)
        reply = await world.ask("/")
        assert (reply.status, reply.text) == (200, "." * 10)


async def test_time_in_the_queue_counts():
    replica = Replica(1, hang)
    async with running(replica) as world:
        world.route(replica, container_concurrency=1, timeout=3 * SHORT)
        clients = [await world.connect() for _ in range(3)]
        for client in clients:
            client.send("/")
        replies = [await client.reply() for client in clients]
        assert [(each.status, each.text) for each in replies] == [(504, "request timeout")] * 3
        assert len(replica.received) == 1  # the others were late before their turn
        for client in clients:
            client.close()
        replica.gate.set()


async def test_a_late_request_makes_room_for_those_behind_it():
    async def hang_first(replica, request, writer):
        if request.target == "/slow":
            await replica.gate.wait()
        else:
            await answer_ok(replica, request, writer)

    replica = Replica(1, hang_first)
    async with running(replica) as world:
        world.route(replica, container_concurrency=1, timeout=ENOUGH)
        slow, quick = await world.connect(), await world.connect()
        slow.send("/slow")
        await replica.arrived.wait()
        await asyncio.sleep(ENOUGH / 2)
        quick.send("/quick")
        assert (await slow.reply()).status == 504
        assert (await quick.reply()).text == "GET /quick "
        slow.close()
        quick.close()
        replica.gate.set()
        await until(lambda: world.flow.in_flight(replica.key) == 0)
