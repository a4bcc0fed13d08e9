"""Bodies, windows and trailers between HTTP/2 and either protocol of replicas."""

import asyncio
from contextlib import asynccontextmanager

import hpack
import pytest

from kfsim.base.types import AppProtocol, Endpoint, ReplicaKey
from kfsim.dataplane.counters import Outcome
from kfsim.dataplane.http2 import frames
from kfsim.dataplane.http2.errors import ErrorCode
from tests.dataplane.http2.peers import REQUEST, RawClient, connect_raw
from tests.dataplane.worlds import REVISION, Replica, running, until

F = frames
POST = ((b":method", b"POST"), *REQUEST[1:])
TWO = (b"content-length", b"2")


class RawReplica:
    """An HTTP/2 server that does what `behave(connection)` does with each connection."""

    def __init__(self, behave, number=1):
        self.key = ReplicaKey("default", f"pod-{number}")
        self.endpoint = Endpoint(self.key, "127.0.0.1", 1, AppProtocol.H2C)
        self.connections = 0
        self._behave = behave
        self._tasks = set()

    async def start(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.endpoint = Endpoint(self.key, "127.0.0.1", port, AppProtocol.H2C)

    async def _serve(self, reader, writer):
        self._tasks.add(asyncio.current_task())
        self.connections += 1
        peer = RawClient(reader, writer)
        try:
            assert await reader.readexactly(len(F.PREFACE)) == F.PREFACE
            peer.say(F.make_settings([]))
            await self._behave(peer)
            while await peer.hear() is not None:
                pass
        except (asyncio.CancelledError, ConnectionError, asyncio.IncompleteReadError):
            pass  # the test is over
        finally:
            writer.close()

    async def stop(self):
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def response(stream, *fields, status=b"200", end=False):
    block = hpack.Encoder().encode([(b":status", status), *fields])
    return F.make_headers(stream, block, end=end)


def trailers(stream, *fields):
    return F.make_headers(stream, hpack.Encoder().encode(list(fields)), end=True)


def answering(*parts):
    """A behaviour: the first request gets these bytes; what it said is kept."""

    async def behave(peer):
        request = await peer.hear_of(F.HEADERS)
        behave.fields = dict(peer.decoder.decode(request.payload, raw=True))
        peer.say(*parts)

    return behave


@asynccontextmanager
async def gateway_to(behave):
    replica = RawReplica(behave)
    async with running(replica) as world:
        world.route(replica)
        yield world


async def test_http1_client_to_http2_replica():
    behave = answering(
        response(1, (b"content-type", b"text/x")),
        F.make_data(1, b"par", end=False),
        F.make_data(1, b"ts", end=False),
        trailers(1, (b"dropped", b"yes")),
    )
    async with gateway_to(behave) as world:
        reply = await world.ask("/path?x=1", more="Cookie: a=1\r\nTE: trailers\r\nX-Y:  z \r\n")
        assert (reply.status, reply.text) == (200, "parts")
        assert reply.headers["content-type"] == "text/x"
        assert "dropped" not in reply.headers
    sent = behave.fields
    assert (sent[b":method"], sent[b":path"], sent[b":scheme"]) == (b"GET", b"/path?x=1", b"http")
    assert (sent[b"cookie"], sent[b"x-y"]) == (b"a=1", b"z")
    assert sent[b"x-forwarded-for"] == b"127.0.0.1"
    assert b"connection" not in sent
    assert b"te" not in sent


@pytest.mark.parametrize(
    ("method", "parts", "status", "text", "length"),
    [
        ("GET", [response(1, TWO), F.make_data(1, b"ok", end=True)], 200, "ok", "2"),
        ("GET", [response(1, end=True)], 200, "", "0"),
        ("GET", [response(1, status=b"204", end=True)], 204, "", None),
        ("GET", [response(1, status=b"304", end=True)], 304, "", None),
        ("HEAD", [response(1, (b"content-length", b"9"), end=True)], 200, "", "9"),
    ],
)  # fmt: skip
async def test_framing_for_http1_clients(method, parts, status, text, length):
    async with gateway_to(answering(*parts)) as world:
        reply = await world.ask("/", method=method)
        assert (reply.status, reply.text) == (status, text)
        assert reply.headers.get("content-length") == length


async def test_interim_responses_pass():
    behave = answering(response(1, (b"link", b"x"), status=b"103"), response(1, end=True))
    async with gateway_to(behave) as world:
        client = await world.connect()
        client.send("/")
        assert (await client.head()).lower() == b"http/1.1 103 early hints\r\nlink: x\r\n\r\n"
        assert (await client.reply()).status == 200
        client.close()
    async with gateway_to(behave) as world:
        raw = await connect_raw(world)
        raw.greet()
        raw.ask(1)
        early = await raw.hear_of(F.HEADERS)
        fields = dict(raw.decoder.decode(early.payload, raw=True))
        assert fields == {b":status": b"103", b"link": b"x"}
        assert (await raw.response(1))[0][b":status"] == b"200"
        raw.close()


LIES = {
    "a status that is none": [response(1, status=b"20")],
    "no status": [trailers(1, (b"a", b"b"))],
    "a status of HTTP/1.1 alone": [response(1, status=b"101")],
    "data before headers": [F.make_data(1, b"x", end=True)],
    "upper case": [response(1, (b"X-A", b"1"))],
    "a line feed": [response(1, (b"x", b"1\nevil: 1"))],
    "two lengths": [response(1, (b"content-length", b"1"), (b"content-length", b"2"))],
    "a push": [F.make_frame(F.PUSH_PROMISE, 4, 1, bytes(4))],
    "no hpack": [F.make_headers(1, b"\xff" * 9, end=True)],
    "garbage": [b"HTTP/1.1 400 Bad Request\r\n\r\n"],
    "a stream that nobody opened": [response(7, end=True)],
    "a reset": [F.make_reset(1, ErrorCode.INTERNAL_ERROR)],
}


@pytest.mark.parametrize("parts", LIES.values(), ids=LIES)
async def test_replicas_that_lie_are_a_bad_gateway(parts):
    async with gateway_to(answering(*parts)) as world:
        reply = await world.ask("/")
        assert reply.status == 502
        assert "pod-1" in reply.text


@pytest.mark.parametrize(
    "more",
    [
        F.make_reset(1, ErrorCode.INTERNAL_ERROR),
        F.make_data(1, b"12345678", end=False),  # longer than announced
        F.make_data(1, b"", end=True),  # shorter
        F.make_frame(F.PING, 0, 1, bytes(8)),
    ],
)
async def test_a_response_that_breaks_off_is_seen_to(more):
    parts = (response(1, (b"content-length", b"6")), F.make_data(1, b"abc", end=False), more)
    async with gateway_to(answering(*parts)) as world:
        client = await world.connect()
        client.send("/")
        said = await client.reader.read()
        assert said.startswith(b"HTTP/1.1 200")
        assert not said.endswith(b"abcdef")
        assert world.gateway.counters.ended[Outcome.BROKEN] == 1
        client.close()


async def test_http2_client_to_http1_replica():
    replica = Replica(1)
    async with running(replica) as world:
        world.route(replica)
        client = await connect_raw(world)
        client.greet()
        client.ask(
            1, [*POST, (b"cookie", b"a=1"), (b"cookie", b"b=2"), (b"te", b"trailers")], end=False
        )
        client.say(F.make_data(1, b"some ", end=False), F.make_data(1, b"body", end=False))
        client.ask(1, [(b"dropped", b"yes")])
        fields, body, _ = await client.response(1)
        assert (fields[b":status"], body) == (b"200", b"POST /v1 some body")
        client.ask(3, [*POST, (b"content-length", b"4")], end=False)
        client.say(F.make_data(3, b"four", end=True))
        assert (await client.response(3))[1] == b"POST /v1 four"
        first, second = (request.headers for request in replica.received)
        assert (first["cookie"], first["transfer-encoding"]) == ("a=1; b=2", "chunked")
        assert (second["content-length"], "te" in first) == ("4", False)
        client.close()


async def test_chunks_and_endless_responses_of_http1_replicas():
    async def answer(replica, request, writer):
        if request.target == "/chunks":
            writer.write(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"
            )
        else:
            writer.write(b"HTTP/1.1 200 OK\r\n\r\nuntil the end")
            writer.close()

    replica = Replica(1, answer)
    async with running(replica) as world:
        world.route(replica)
        client = await connect_raw(world)
        client.greet()
        for stream, path, text in ((1, b"/chunks", b"ab"), (3, b"/close", b"until the end")):
            client.ask(stream, [(key, path if key == b":path" else old) for key, old in REQUEST])
            assert (await client.response(stream))[1] == text
        client.close()


async def test_trailers_pass_between_http2_and_http2():
    async def behave(peer):
        request = await peer.hear_of(F.HEADERS)
        peer.decoder.decode(request.payload)
        data = await peer.hear_of(F.DATA)
        said = await peer.hear_of(F.HEADERS)
        found = dict(peer.decoder.decode(said.payload, raw=True))
        peer.say(response(1), F.make_data(1, data.payload, end=False))
        peer.say(trailers(1, (b"sum", found[b"sum"])))

    async with gateway_to(behave) as world:
        client = await connect_raw(world)
        client.greet()
        client.ask(1, POST, end=False)
        client.say(F.make_data(1, b"body", end=False), trailers(1, (b"sum", b"4")))
        _, body, ends = await client.response(1)
        assert (body, ends) == (b"body", {b"sum": b"4"})
        client.close()


async def test_no_byte_more_than_the_windows_allow():
    body = bytes(range(256)) * 400

    async def answer(replica, request, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    replica = Replica(1, answer)
    async with running(replica) as world:
        world.route(replica)
        client = await connect_raw(world)
        client.greet((4, 1))
        client.ask(1)
        first = await client.hear_of(F.DATA)
        assert first.payload == body[:1]
        client.say(F.make_settings([(4, 1000)]))  # grows while data waits
        second = await client.hear_of(F.DATA)
        assert len(second.payload) == 999
        client.say(F.make_settings([(4, 0)]))  # and shrinks below what was sent
        client.say(F.make_window_update(1, 1001))
        third = await client.hear_of(F.DATA)
        received = first.payload + second.payload + third.payload
        assert len(received) == 1001
        client.say(F.make_window_update(1, 2**30), F.make_window_update(0, 2**30))
        while len(received) < len(body):
            received += (await client.hear_of(F.DATA)).payload
        assert received == body
        client.close()


async def test_a_client_that_does_not_read_stops_the_replica():
    sent = 0

    async def answer(replica, request, writer):
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        while True:
            writer.write(bytes(100_000))
            await writer.drain()
            sent += 100_000

    replica = Replica(1, answer)
    async with running(replica) as world:
        world.route(replica)
        client = await connect_raw(world)
        client.greet()
        client.ask(1)
        await client.hear_of(F.DATA)
        before = -1
        while sent != before:  # until it stands still
            before = sent
            await asyncio.sleep(0.1)
        assert sent < 20_000_000  # what sockets hold, and no more
        client.close()
        await until(lambda: world.gateway.counters.open == 0)


async def test_an_upload_that_is_not_read_gets_no_more_room():
    replica = Replica(1)
    async with running(replica) as world:
        world.route()  # held
        client = await connect_raw(world)
        client.greet((4, 2**24))
        client.say(F.make_window_update(0, 2**24))
        await client.hear_of(F.WINDOW_UPDATE)
        client.ask(1, POST, end=False)
        for _ in range(16):  # as much as the stream's window has
            client.say(F.make_data(1, bytes(16384), end=False))
        await until(lambda: world.flow.held(REVISION) == 1)
        client.say(F.make_ping(b"are you.", ack=False))
        heard = []
        while not heard or heard[-1].kind != F.PING:
            heard.append(await client.hear())
        updates = [f for f in heard if f.kind == F.WINDOW_UPDATE and f.stream == 1]
        assert sum(int.from_bytes(f.payload) for f in updates) < 16 * 16384
        world.route(replica)
        await client.hear_of(F.WINDOW_UPDATE, stream=1)  # goes on
        client.say(F.make_data(1, b"end", end=True))
        _, body, _ = await client.response(1)
        assert len(body) == len(b"POST /v1 ") + 16 * 16384 + 3
        client.close()


async def test_an_early_answer_ends_the_upload():
    async def answer(replica, request, writer):
        writer.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nno\n")
        await replica.gate.wait()

    replica = Replica(1, answer)
    async with running(replica) as world:
        world.route(replica)
        client = await connect_raw(world)
        client.greet()
        client.ask(1, POST, end=False)
        fields, body, _ = await client.response(1)
        assert (fields[b":status"], body) == (b"413", b"no\n")
        reset = await client.hear_of(F.RST_STREAM)
        assert ErrorCode(reset.code) is ErrorCode.NO_ERROR
        client.close()


async def test_goaway_of_a_replica_moves_new_requests_to_a_new_connection():
    async def behave(peer):
        request = await peer.hear_of(F.HEADERS)
        peer.say(response(request.stream, end=True), F.make_goaway(request.stream, 0, "old"))

    replica = RawReplica(behave)
    async with running(replica) as world:
        world.route(replica)
        for _ in range(3):
            assert (await world.ask("/")).status == 200
        assert replica.connections == 3


async def test_a_request_that_the_replica_did_not_touch_goes_again():
    async def behave(peer):
        request = await peer.hear_of(F.HEADERS)
        if replica.connections == 1:
            peer.say(F.make_goaway(0, 0))
        else:
            peer.say(response(request.stream, end=True))

    replica = RawReplica(behave)
    async with running(replica) as world:
        world.route(replica)
        assert (await world.ask("/")).status == 200
        assert (replica.connections, world.gateway.counters.retries) == (2, 1)


async def test_more_requests_than_a_replica_takes_on_one_connection():
    async def behave(peer):
        peer.say(F.make_settings([(3, 2)]))
        while (frame := await peer.hear()) is not None:
            if frame.kind == F.HEADERS:
                waiting.append((peer, frame.stream))

    waiting = []
    replica = RawReplica(behave)
    async with running(replica) as world:
        world.route(replica)
        clients = [await world.connect() for _ in range(5)]
        clients[0].send("/")
        await until(lambda: len(waiting) == 1)
        for client in clients[1:]:
            client.send("/")
        await until(lambda: len(waiting) == 5)
        # Before a new connection's SETTINGS have come it is given what Go gives it, up to 100.
        assert replica.connections == 2
        assert [stream for peer, stream in waiting if peer is waiting[0][0]] == [1, 3]
        for peer, stream in waiting:
            peer.say(response(stream, end=True))
        assert [(await client.reply()).status for client in clients] == [200] * 5
        for client in clients:
            client.close()


@pytest.mark.parametrize("settings", ["", "AAQAAAAB"], ids=["none", "a window of 1"])
async def test_upgrade_to_http2(settings):
    replica = Replica(1)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        asked = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        client.send("/up", more=f"{asked}HTTP2-Settings: {settings}\r\n")
        assert (await client.head()).startswith(b"HTTP/1.1 101 ")
        raw = RawClient(client.reader, client.writer)
        raw.greet()
        if settings:
            first = await raw.hear_of(F.DATA, stream=1)
            assert first.payload == b"G"
            raw.say(F.make_settings([(4, 65535)]))
            rest = await raw.hear_of(F.DATA, stream=1)
            assert rest.payload == b"ET /up "
        else:
            assert (await raw.response(1))[1] == b"GET /up "
        raw.ask(3)
        assert (await raw.response(3))[1] == b"GET /v1 "
        assert "upgrade" not in replica.received[0].headers
        client.close()


@pytest.mark.parametrize(("method", "status"), [("HEAD", b"200"), ("GET", b"204"), ("GET", b"304")])
async def test_a_body_where_there_is_none_reaches_nobody(method, status):
    evil = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL"
    parts = (response(1, status=status), F.make_data(1, evil, end=True))
    async with gateway_to(answering(*parts)) as world:
        client = await world.connect()
        client.send("/", method=method)
        assert b"EVIL" not in await client.reader.read()
        assert world.gateway.counters.ended[Outcome.BROKEN] == 1
        client.close()


async def test_slow_clients_leave_the_shared_connection_its_window():
    body = bytes(200_000)

    async def behave(peer):
        peer.say(F.make_settings([]))
        room = 65535
        while (frame := await peer.hear()) is not None:
            if frame.kind == F.WINDOW_UPDATE and frame.stream == 0:
                room += int.from_bytes(frame.payload)
            elif frame.kind == F.HEADERS:
                left = body
                peer.say(response(frame.stream, (b"content-length", b"%d" % len(body))))
                while left:  # the stream's window has room for all of it
                    while room <= 0:
                        update = await peer.hear_of(F.WINDOW_UPDATE, stream=0)
                        room += int.from_bytes(update.payload)
                    part, left = left[: min(16384, room)], left[min(16384, room) :]
                    room -= len(part)
                    peer.say(F.make_data(frame.stream, part, end=not left))

    replica = RawReplica(behave)
    async with running(replica) as world:
        world.route(replica)
        for _ in range(12):  # more than the connection's window, each paused while it ends
            client = await connect_raw(world)
            client.greet((4, 1000))
            client.ask(1)
            received = 0
            while received < len(body):
                frame = await client.hear_of(F.DATA)
                received += len(frame.payload)
                client.say(F.make_window_update(1, 50_000), F.make_window_update(0, 50_000))
            client.close()
        assert replica.connections == 1


async def test_a_call_that_crosses_a_goaway_is_refused_alone():
    async with running() as world:
        world.route()  # held
        client = await connect_raw(world)
        client.greet()
        client.ask(1)
        await until(lambda: world.flow.held(REVISION) == 1)
        closing = asyncio.ensure_future(world.gateway.close(5.0))
        goaway = await client.hear_of(F.GOAWAY)
        assert int.from_bytes(goaway.payload[:4]) == 1
        client.ask(3, POST, end=False)
        client.say(F.make_data(3, b"x", end=True), F.make_ping(b"12345678", ack=False))
        heard = [await client.hear() for _ in range(2)]
        reset = next(frame for frame in heard if frame.kind == F.RST_STREAM)
        assert (reset.stream, ErrorCode(reset.code)) == (3, ErrorCode.REFUSED_STREAM)
        assert F.PING in [frame.kind for frame in heard]  # the connection goes on
        client.close()
        await closing


async def test_a_replica_that_refuses_always_is_asked_twice():
    async def behave(peer):
        while (frame := await peer.hear()) is not None:
            if frame.kind == F.HEADERS:
                peer.say(F.make_reset(frame.stream, ErrorCode.REFUSED_STREAM))

    async with gateway_to(behave) as world:
        assert (await world.ask("/")).status == 502
        assert world.gateway.counters.retries == 1


async def test_a_client_that_reads_no_answers_is_not_read_on():
    fields = [*POST[:3], (b":authority", b"nobody"), (b"content-type", b"application/grpc")]
    async with running() as world:
        client = await connect_raw(world)
        client.greet()
        client.writer.transport.pause_reading()
        block = hpack.Encoder().encode(fields)
        stream, before = 1, -1
        while world.gateway.counters.begun != before:  # until it asks in vain
            before = world.gateway.counters.begun
            for _ in range(20):
                asks = range(stream, stream + 4000, 2)
                client.say(b"".join(F.make_headers(each, block, end=True) for each in asks))
                stream += 4000
            await asyncio.sleep(0.2)
        assert world.gateway.counters.begun < stream // 2
        assert world.gateway.buffered_bytes < 2_000_000
        client.writer.transport.abort()
