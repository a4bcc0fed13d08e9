"""A replica that switches protocols, and everything that can go wrong with it."""

import asyncio

import aiohttp
import pytest
from aiohttp import web

from kfsim.base.types import Endpoint, ReplicaKey, ServiceMode
from kfsim.dataplane import Limits
from kfsim.dataplane.counters import Outcome
from tests.dataplane.worlds import HOST, REVISION, Client, Replica, running, until

ASK = "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n"
AGREED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: y\r\n\r\n"
)


async def echo(replica: Replica, request, writer: asyncio.StreamWriter) -> None:
    """Switches, greets, then echoes until the client has ended, and says goodbye."""
    writer.write(AGREED + b"hello ")
    while data := await request.reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.write(b" goodbye")
    await writer.drain()
    writer.close()


async def switched(world, more: bytes = b"") -> Client:
    client = await world.connect()
    client.send("/chat", more=ASK)
    client.writer.write(more)
    assert (await client.head()).startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
    return client


async def end_of(client: Client) -> bytes:
    """What the client still gets before its connection ends, in whatever way."""
    try:
        return await client.reader.read()
    except ConnectionResetError:
        return b""
    finally:
        client.close()


async def test_bytes_go_both_ways_and_the_place_at_the_replica_is_held():
    replica = Replica(1, echo)
    async with running(replica) as world:
        world.route(replica, container_concurrency=1)
        client = await world.connect()
        client.send("/chat", more=ASK)
        client.writer.write(b"early")  # in one packet with the head, or close behind it
        head = (await client.head()).decode().lower()
        assert "\r\nupgrade: websocket\r\n" in head
        assert "\r\nconnection: upgrade\r\n" in head
        assert "\r\nsec-websocket-accept: y\r\n" in head
        assert f"\r\nkfsim-replica: {replica.key.name}\r\n" in head
        assert await client.reader.readexactly(11) == b"hello early"
        asked = replica.received[0].headers
        assert (asked["connection"], asked["upgrade"]) == ("Upgrade", "websocket")
        assert asked["sec-websocket-key"] == "x"
        assert world.gateway.load(REVISION) == (1, 0)
        assert world.gateway.counters.open == 1
        client.writer.write(b"GET / HTTP/1.1\r\n\r\n\x00\xff")
        assert await client.reader.readexactly(20) == b"GET / HTTP/1.1\r\n\r\n\x00\xff"
        client.writer.write_eof()
        assert await end_of(client) == b" goodbye"
        await until(lambda: world.gateway.counters.open == 0)
        assert world.flow.in_flight(replica.key) == 0
        assert world.gateway.counters.ended[Outcome.PROXIED] == 1
        assert world.gateway.counters.by_class[1] == 1


async def test_at_zero_it_is_held_until_a_replica_is_ready():
    replica = Replica(1, echo)
    async with running(replica) as world:
        world.route(mode=ServiceMode.PROXY)
        client = await world.connect()
        client.send("/chat", more=ASK)
        client.writer.write(b"early")
        await until(lambda: world.flow.held(REVISION) == 1)
        world.route(replica, mode=ServiceMode.PROXY)
        await client.head()
        assert await client.reader.readexactly(11) == b"hello early"
        client.close()


async def test_a_replica_that_does_not_switch_answers_and_the_next_request_follows():
    replica = Replica(1)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        client.send("/1", more=ASK)
        client.send("/2", more=ASK)
        client.send("/3", method="POST", body=b"three")
        assert (await client.reply()).text == "GET /1 "
        assert (await client.reply()).text == "GET /2 "
        assert (await client.reply()).text == "POST /3 three"
        client.send("/4")
        assert (await client.reply()).text == "GET /4 "
        client.close()


async def test_an_unknown_host_is_answered_and_the_next_request_follows():
    replica = Replica(1)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        client.send("/", host="unknown", more=ASK)
        client.send("/2")
        assert (await client.reply()).status == 404
        assert (await client.reply()).text == "GET /2 "
        client.close()


@pytest.mark.parametrize(
    "more",
    [
        "Upgrade: websocket\r\n",
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n",
    ],
    ids=["not named by Connection", "HTTP/2", "with a body"],
)
async def test_other_upgrades_are_ignored(more):
    replica = Replica(1)
    async with running(replica) as world:
        world.route(replica)
        reply = await world.ask("/", more=more)
        assert reply.status == 200
        assert "upgrade" not in replica.received[0].headers


async def test_another_protocol_than_the_one_asked_for_is_a_bad_gateway():
    async def other(replica, request, writer):
        writer.write(AGREED.replace(b"websocket", b"other"))

    replica = Replica(1, other)
    async with running(replica) as world:
        world.route(replica)
        reply = await world.ask("/", more=ASK)
        assert reply.status == 502
        assert "'other'" in reply.text


async def test_a_replica_that_is_lost_takes_the_client_with_it():
    replica = Replica(1, echo)
    async with running(replica) as world:
        world.route(replica)
        client = await switched(world)
        await client.reader.readexactly(6)
        await replica.stop()
        assert await end_of(client) == b""
        await until(lambda: world.flow.in_flight(replica.key) == 0)


async def test_a_client_that_is_lost_takes_the_replica_with_it():
    replica = Replica(1, echo)
    async with running(replica) as world:
        world.route(replica)
        client = await switched(world)
        client.writer.transport.abort()
        await replica.gone.wait()
        await until(lambda: world.gateway.counters.open == 0)


async def test_neither_side_is_read_faster_than_the_other_reads():
    sent = 0

    async def flood(replica, request, writer):
        nonlocal sent
        writer.write(AGREED)
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()
            sent += 65536

    replica = Replica(1, flood)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect(limit=1024)
        client.send("/chat", more=ASK)
        await client.head()
        before = -1
        while sent != before:  # until the buffers of all sockets are full
            before = sent
            await asyncio.sleep(0.05)
        assert sent < 32 * 2**20
        read, enough = 0, 2 * sent
        while read < enough:
            read += len(await client.reader.read(2**20))
        client.close()


async def test_what_a_client_sends_before_the_answer_is_bounded():
    gate = asyncio.Event()

    async def slow(replica, request, writer):
        await gate.wait()
        await echo(replica, request, writer)

    replica = Replica(1, slow)
    async with running(replica, limits=Limits(buffered_bytes=4096)) as world:
        world.route(replica)
        client = await world.connect()
        client.send("/chat", more=ASK)
        data = b"0123456789" * 3_000_000
        client.writer.write(data)
        await replica.arrived.wait()
        left = -1
        while client.writer.transport.get_write_buffer_size() != left:
            left = client.writer.transport.get_write_buffer_size()
            await asyncio.sleep(0.05)
        assert left > 0
        gate.set()
        await client.head()
        assert await client.reader.readexactly(6 + len(data)) == b"hello " + data
        client.close()


async def test_closing_the_gateway_cuts_it_after_the_time_to_drain():
    replica = Replica(1, echo)
    async with running(replica) as world:
        world.route(replica)
        client = await switched(world)
        await client.reader.readexactly(6)
        await world.gateway.close(0.05)
        assert await end_of(client) == b""
        await until(lambda: world.gateway.counters.open == 0)


@pytest.mark.parametrize("timeout", ["timeout", "idle_timeout"])
async def test_the_revisions_timeouts_end_it(timeout):
    replica = Replica(1, echo)
    async with running(replica) as world:
        world.route(replica, **{timeout: 0.2})
        client = await switched(world)
        assert await end_of(client) == b"hello "
        assert world.gateway.counters.ended[Outcome.BROKEN] == 1


async def test_real_websockets_pass():
    async def serve(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(f"{request.path} got {message.data}")
        return socket

    app = web.Application()
    app.router.add_get("/{path:.*}", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    replica = Replica(1)
    async with running(replica) as world:
        replica.endpoint = Endpoint(ReplicaKey("default", "ws"), *runner.addresses[0][:2])
        world.route(replica)
        url = f"http://127.0.0.1:{world.port}/serving/default/iris/chat"
        async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
            for number in range(100):
                await socket.send_str(f"message {number}")
                assert await socket.receive_str() == f"/chat got message {number}"
        headers = {"Host": HOST}
        url = f"http://127.0.0.1:{world.port}/by-host"
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.ws_connect(url) as socket,
        ):
            await socket.send_str("x" * 1_000_000)
            assert len(await socket.receive_str()) > 1_000_000
    await runner.cleanup()
