"""1xx responses, from the replica to the client."""

import asyncio

import pytest

from kfsim.base.types import ServiceMode
from tests.dataplane.worlds import HOST, REVISION, Replica, answer_ok, running, until

EXPECTING = (
    f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"
).encode()
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"


async def continue_at_the_gate(replica, request, writer):
    await replica.gate.wait()
    if "expect" in request.headers:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    await answer_ok(replica, request, writer)


async def is_silent(reader: asyncio.StreamReader) -> bool:
    """Whether nothing comes, though the loop has had time to bring it."""
    reading = asyncio.ensure_future(reader.read(1))
    for _ in range(200):
        await asyncio.sleep(0)
    silent = not reading.done()
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    return silent


async def test_the_client_is_told_to_go_on_by_the_replica_and_not_before():
    replica = Replica(1, continue_at_the_gate)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        client.writer.write(EXPECTING)
        await replica.arrived.wait()
        assert await is_silent(client.reader)
        replica.gate.set()
        assert await client.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.writer.write(b"body")
        assert (await client.reply()).text == "POST / body"
        client.send("/next")  # both connections stay in use
        assert (await client.reply()).text == "GET /next "
        client.close()
        assert replica.connections == 1


async def test_at_zero_the_client_goes_on_when_a_replica_has_come():
    replica = Replica(1, continue_at_the_gate)
    replica.gate.set()
    async with running(replica) as world:
        world.route(mode=ServiceMode.PROXY)
        client = await world.connect()
        client.writer.write(EXPECTING)
        await until(lambda: world.flow.held(REVISION) == 1)
        world.route(replica, mode=ServiceMode.PROXY)
        assert (await client.head()).startswith(b"HTTP/1.1 100 Continue")
        client.writer.write(b"body")
        assert (await client.reply()).text == "POST / body"
        client.close()


async def test_a_client_that_does_not_wait_is_served_all_the_same():
    replica = Replica(1, continue_at_the_gate)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        client.writer.write(EXPECTING + b"body")
        await replica.arrived.wait()
        replica.gate.set()
        assert (await client.head()).startswith(b"HTTP/1.1 100 Continue")
        assert (await client.reply()).text == "POST / body"
        client.close()


async def test_a_final_answer_in_place_of_the_hundred_ends_the_connection():
    async def refuse(replica, request, writer):
        writer.write(b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno")

    replica = Replica(1, refuse)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        client.writer.write(EXPECTING)
        reply = await client.reply()
        # The body that was announced will not come: what follows could be taken for it.
        assert (reply.status, reply.text, reply.headers["connection"]) == (417, "no", "close")
        assert await client.reader.read() == b""
        client.close()


async def test_the_gateways_own_answer_ends_the_connection_too():
    async with running() as world:
        client = await world.connect()
        client.writer.write(EXPECTING)
        reply = await client.reply()
        assert (reply.status, reply.headers["connection"]) == (404, "close")
        assert await client.reader.read() == b""
        client.close()


async def test_early_hints_pass_each_before_the_next():
    async def hint_twice(replica, request, writer):
        writer.write(HINTS)
        await replica.gate.wait()
        writer.write(HINTS.replace(b"style", b"print"))
        await answer_ok(replica, request, writer)

    replica = Replica(1, hint_twice)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        for _ in range(2):
            replica.gate.clear()
            client.send("/")
            assert await client.head() == HINTS
            replica.gate.set()
            assert b"print.css" in await client.head()
            assert (await client.reply()).text == "GET / "
        client.close()
        assert replica.connections == 1


@pytest.mark.parametrize("interim", [HINTS, b"HTTP/1.1 100 Continue\r\n\r\n"])
async def test_a_client_of_http_1_0_sees_no_interim_response(interim):
    async def answer(replica, request, writer):
        writer.write(interim)
        await answer_ok(replica, request, writer)

    replica = Replica(1, answer)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        client.writer.write(f"GET / HTTP/1.0\r\nHost: {HOST}\r\n\r\n".encode())
        assert (await client.reply()).status == 200
        client.close()
