"""Long streams: what comes goes on at once, in either direction, and each side may end first."""

import asyncio
import socket

import pytest

from kfsim.dataplane.counters import Outcome
from tests.dataplane.worlds import HOST, REVISION, Replica, answer_ok, running, until

EVENTS = [b"data: %d\n\n" % number for number in range(5)]
CHUNKED = b"Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
UNTIL_CLOSE = b"Content-Type: text/event-stream\r\n\r\n"


async def read_event(client) -> bytes:
    """One event of a chunked stream."""
    size = int(await client.reader.readline(), 16)
    event = await client.reader.readexactly(size)
    await client.reader.readexactly(2)
    return event


@pytest.mark.parametrize("framing", [CHUNKED, UNTIL_CLOSE], ids=["chunked", "until close"])
async def test_each_event_reaches_the_client_before_the_next_is_sent(framing):
    async def stream(replica, request, writer):
        writer.write(b"HTTP/1.1 200 OK\r\n" + framing)
        for event in EVENTS:
            await replica.gate.wait()  # opened when the client has all that was sent
            replica.gate.clear()
            chunked = framing is CHUNKED
            writer.write(b"%x\r\n%b\r\n" % (len(event), event) if chunked else event)
        if framing is CHUNKED:
            writer.write(b"0\r\n\r\n")
        else:
            writer.close()

    replica = Replica(1, stream)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        client.send("/events")
        assert b"text/event-stream" in await client.head()  # before any event
        for event in EVENTS:
            replica.gate.set()
            assert await read_event(client) == event
        assert await client.reader.readline() == b"0\r\n"
        assert await client.reader.readline() == b"\r\n"
        client.close()


async def test_each_part_of_an_upload_reaches_the_replica_before_the_next_is_sent():
    parts: list[bytes] = []

    async def receive(replica, request, writer):
        while size := int(await request.reader.readline(), 16):
            parts.append(await request.reader.readexactly(size))
            await request.reader.readexactly(2)
        await request.reader.readexactly(2)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    replica = Replica(1, receive)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        head = f"POST / HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n"
        client.writer.write(head.encode())
        for number, event in enumerate(EVENTS):
            client.writer.write(b"%x\r\n%b\r\n" % (len(event), event))
            await until(lambda number=number: len(parts) > number)
        client.writer.write(b"0\r\n\r\n")
        assert (await client.reply()).status == 200
        assert parts == EVENTS
        client.close()


async def test_request_and_response_may_take_turns():
    async def echo(replica, request, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while size := int(await request.reader.readline(), 16):
            data = await request.reader.readexactly(size + 2)
            writer.write(b"%x\r\n%b" % (size, data))
        await request.reader.readexactly(2)
        writer.write(b"0\r\n\r\n")

    replica = Replica(1, echo)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        for _ in range(2):
            head = f"POST / HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n"
            client.writer.write(head.encode())
            assert b" 200 " in await client.head()
            for event in EVENTS:
                client.writer.write(b"%x\r\n%b\r\n" % (len(event), event))
                assert await read_event(client) == event
            client.writer.write(b"0\r\n\r\n")
            assert await client.reader.readexactly(5) == b"0\r\n\r\n"
        client.close()
        assert replica.connections == 1


async def test_trailers_of_a_response_are_dropped():
    async def answer(replica, request, writer):
        writer.write(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
            b"2;a=b\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n"
        )

    replica = Replica(1, answer)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        for _ in range(2):
            client.send("/")
            assert b"X-Sum" not in await client.head()
            assert await client.reader.readexactly(12) == b"2\r\nok\r\n0\r\n\r\n"
        client.close()
        assert replica.connections == 1


async def test_a_replica_that_refuses_an_upload_and_closes_is_heard():
    async def refuse(replica, request, writer):
        writer.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\n\r\ntoo large")
        await writer.drain()
        writer.close()

    replica = Replica(1, refuse)
    async with running(replica) as world:
        world.route(replica)
        for _ in range(20):
            client = await world.connect()
            client.writer.write(
                f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 50000000\r\n\r\n".encode()
            )
            client.writer.write(bytes(300_000))
            reply = await client.reply()
            assert (reply.status, reply.text) == (413, "too large")
            client.close()


async def test_the_rest_of_a_refused_upload_is_read_up_to_a_bound_only():
    async def refuse(replica, request, writer):
        writer.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")

    replica = Replica(1, refuse)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        client.writer.write(
            f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 50000000\r\n\r\n".encode()
        )
        assert (await client.reply()).status == 413
        client.writer.write(bytes(1_000_000))  # within the bound
        await client.writer.drain()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.reader.read(), 0.05)
        client.writer.write(bytes(1_000_000))
        assert await client.reader.read() == b""
        client.close()


@pytest.mark.parametrize("held", [True, False], ids=["held", "at the replica"])
async def test_a_client_that_ends_its_sending_has_given_up(held):
    """As for Go's server, of which gateway hops on a cluster are made."""

    async def wait(replica, request, writer):
        await request.reader.read()

    replica = Replica(1, wait)
    async with running(replica) as world:
        world.route(*(() if held else (replica,)))
        client = await world.connect()
        client.send("/")
        await until(lambda: world.flow.held(REVISION) + world.flow.in_flight(replica.key) == 1)
        client.writer.write_eof()
        await until(lambda: world.gateway.counters.ended[Outcome.CLIENT_LOST] == 1)
        assert world.flow.held(REVISION) + world.flow.in_flight(replica.key) == 0
        assert await client.reader.read() == b""
        client.close()
        if not held:
            await until(lambda: bool(replica.received))


async def test_a_replica_that_ends_its_sending_has_answered():
    async def answer_and_listen(replica, request, writer):
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nearly")
        writer.write_eof()
        await request.reader.read()

    replica = Replica(1, answer_and_listen)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        for _ in range(2):
            client.writer.write(
                f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 8\r\n\r\nhalf".encode()
            )
            assert (await client.reply()).text == "early"
            client.writer.write(b"rest")
        client.close()


async def test_a_kept_connection_that_the_replica_ends_is_used_no_more():
    async def end_after_the_first(replica, request, writer):
        await answer_ok(replica, request, writer)
        if request.target == "/1":
            writer.write_eof()

    replica = Replica(1, end_after_the_first)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        client.send("/1", method="POST", body=b"1")
        await client.reply()
        await replica.gone.wait()
        client.send("/2", method="POST", body=b"2")
        assert (await client.reply()).text == "POST /2 2"
        client.close()
        assert replica.connections == 2


async def test_a_response_that_a_reset_cuts_is_broken_off_for_the_client_too():
    async def cut(replica, request, writer):
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nhalf")
        await writer.drain()
        await replica.gate.wait()
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        writer.transport.abort()

    replica = Replica(1, cut)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        client.send("/")
        assert b" 200 " in await client.head()
        assert await read_event(client) == b"half"
        replica.gate.set()
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await client.reader.readexactly(5)
        client.close()
        assert world.gateway.counters.ended[Outcome.BROKEN] == 1


async def test_a_pipelined_request_behind_a_stream_waits_for_its_end():
    async def stream(replica, request, writer):
        if request.target == "/stream":
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
            await replica.gate.wait()
            writer.write(b"0\r\n\r\n")
        else:
            await answer_ok(replica, request, writer)

    replica = Replica(1, stream)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        client.send("/stream")
        client.send("/", method="HEAD")
        client.send("/last")
        assert b" 200 " in await client.head()
        assert await read_event(client) == b"ab"
        assert len(replica.received) == 1
        replica.gate.set()
        assert await client.reader.readexactly(5) == b"0\r\n\r\n"
        assert b" 200 " in await client.head()
        client.close()
