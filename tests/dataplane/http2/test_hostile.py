"""Peers that break HTTP/2's rules, over real sockets.

The connection or the stream ends with the right code, and replicas see well-formed requests only,
one for each that is counted.
"""

import asyncio

import hpack
import pytest

from kfsim.dataplane import Limits
from kfsim.dataplane.http2 import frames
from kfsim.dataplane.http2.errors import ErrorCode
from kfsim.dataplane.refusals import Refusal
from tests.dataplane.http2.peers import REQUEST, connect_raw
from tests.dataplane.worlds import Replica, running, until

F = frames
HEAD = hpack.Encoder().encode(REQUEST)
POST = ((b":method", b"POST"), *REQUEST[1:])


def headers(stream, *extra, base=REQUEST, end=True):
    return F.make_headers(stream, hpack.Encoder().encode([*base, *extra]), end=end)


def without(name):
    return [field for field in REQUEST if field[0] != name]


def replaced(name, value):
    return [(key, value if key == name else old) for key, old in REQUEST]


CONNECTION = {
    "data on an idle stream": (F.make_data(1, b"x", end=True), "PROTOCOL_ERROR"),
    "window update on an idle stream": (F.make_window_update(1, 1), "PROTOCOL_ERROR"),
    "reset of an idle stream": (F.make_reset(1, 8), "PROTOCOL_ERROR"),
    "data without a stream": (F.make_data(0, b"x", end=True), "PROTOCOL_ERROR"),
    "headers without a stream": (F.make_headers(0, HEAD, end=True), "PROTOCOL_ERROR"),
    "priority without a stream": (F.make_frame(F.PRIORITY, 0, 0, bytes(5)), "PROTOCOL_ERROR"),
    "an even stream": (headers(2), "PROTOCOL_ERROR"),
    "a smaller stream": (headers(3) + headers(1), "STREAM_CLOSED"),
    "push promise": (F.make_frame(F.PUSH_PROMISE, 4, 1, bytes(4)), "PROTOCOL_ERROR"),
    "continuation alone": (F.make_frame(F.CONTINUATION, 4, 1, HEAD), "PROTOCOL_ERROR"),
    "block interrupted by a ping": (
        F.make_frame(F.HEADERS, 1, 1, HEAD[:3]) + F.make_ping(bytes(8), ack=False),
        "PROTOCOL_ERROR",
    ),
    "block continued on another stream": (
        F.make_frame(F.HEADERS, 1, 1, HEAD[:3]) + F.make_frame(F.CONTINUATION, 4, 3, HEAD[3:]),
        "PROTOCOL_ERROR",
    ),
    "a frame that is too large": (F.frame_header(16385, F.DATA, 0, 1), "FRAME_SIZE_ERROR"),
    "a short ping": (F.make_frame(F.PING, 0, 0, b"1234567"), "FRAME_SIZE_ERROR"),
    "a ping on a stream": (F.make_frame(F.PING, 0, 1, bytes(8)), "PROTOCOL_ERROR"),
    "settings on a stream": (F.make_frame(F.SETTINGS, 0, 1), "PROTOCOL_ERROR"),
    "odd settings": (F.make_frame(F.SETTINGS, 0, 0, bytes(5)), "FRAME_SIZE_ERROR"),
    "an acknowledgement with words": (F.make_frame(F.SETTINGS, 1, 0, bytes(6)), "FRAME_SIZE_ERROR"),
    "a window by settings": (F.make_settings([(4, 2**31)]), "FLOW_CONTROL_ERROR"),
    "push is 2": (F.make_settings([(2, 2)]), "PROTOCOL_ERROR"),
    "tiny frames": (F.make_settings([(5, 16383)]), "PROTOCOL_ERROR"),
    "window update of nothing": (F.make_window_update(0, 0), "PROTOCOL_ERROR"),
    "window overflow": (F.make_window_update(0, 2**31 - 1), "FLOW_CONTROL_ERROR"),
    "a short window update": (F.make_frame(F.WINDOW_UPDATE, 0, 0, b"abc"), "FRAME_SIZE_ERROR"),
    "a short reset": (headers(1) + F.make_frame(F.RST_STREAM, 0, 1, b"abc"), "FRAME_SIZE_ERROR"),
    "goaway on a stream": (F.make_frame(F.GOAWAY, 0, 1, bytes(8)), "PROTOCOL_ERROR"),
    "a short goaway": (F.make_frame(F.GOAWAY, 0, 0, bytes(7)), "FRAME_SIZE_ERROR"),
    "padding as long as the frame": (
        F.make_frame(F.HEADERS, F.PADDED | 5, 1, bytes([200]) + HEAD),
        "PROTOCOL_ERROR",
    ),
    "padding without a length": (F.make_frame(F.HEADERS, F.PADDED | 5, 1), "PROTOCOL_ERROR"),
    "a block that is no hpack": (F.make_headers(1, b"\xff" * 20, end=True), "COMPRESSION_ERROR"),
    "an index out of the table": (F.make_headers(1, b"\xfe", end=True), "COMPRESSION_ERROR"),
    "a bomb": (  # one large entry, named again and again
        F.make_headers(
            1, b"\x40\x01a\x7f\x81\x1e" + b"x" * 4000 + b"\xbe" * 5000, end=True
        ),
        "ENHANCE_YOUR_CALM",
    ),
    "more than the connection's window": (
        headers(1, base=POST, end=False) + F.make_data(1, bytes(16384), end=False) * 17,
        "FLOW_CONTROL_ERROR",
    ),
}  # fmt: skip


@pytest.mark.parametrize("row", CONNECTION.values(), ids=CONNECTION)
async def test_the_connection_ends(row):
    said, code = row
    async with running() as world:  # nothing is routed: what is well-formed gets 404 at once
        world.route()
        client = await connect_raw(world)
        client.greet()
        client.say(said)
        goaway = await client.hear_of(F.GOAWAY)
        assert goaway is not None
        assert ErrorCode(goaway.code).name == code
        assert await client.hear_of(F.GOAWAY) is None  # and closed
        client.close()
        await until(lambda: world.gateway.counters.open == 0)


STREAM = {
    "the same stream again": headers(1) + headers(1),
    "upper case": headers(1, (b"X-A", b"1")),
    "a space in a name": headers(1, (b"x a", b"1")),
    "an empty name": headers(1, (b"", b"1")),
    "line feed": headers(1, (b"x", b"1\nevil: 1")),
    "carriage return": headers(1, (b"x", b"1\r")),
    "nul": headers(1, (b"x", b"1\x00")),
    "a value that begins with a space": headers(1, (b"x", b" 1")),
    "connection": headers(1, (b"connection", b"close")),
    "transfer-encoding": headers(1, (b"transfer-encoding", b"chunked")),
    "upgrade": headers(1, (b"upgrade", b"websocket")),
    "te": headers(1, (b"te", b"gzip")),
    "no method": headers(1, base=without(b":method")),
    "no path": headers(1, base=without(b":path")),
    "no scheme": headers(1, base=without(b":scheme")),
    "an empty path": headers(1, base=replaced(b":path", b"")),
    "a path without a slash": headers(1, base=replaced(b":path", b"v1")),
    "a path with a space": headers(1, base=replaced(b":path", b"/a b")),
    "a path with a new request": headers(1, base=replaced(b":path", b"/ HTTP/1.1\r\nHost: x")),
    "a method with a space": headers(1, base=replaced(b":method", b"GET /x")),
    "a pseudo-header twice": headers(1, base=[*REQUEST, REQUEST[0]]),
    "an unknown pseudo-header": headers(1, base=[*REQUEST, (b":protocol", b"websocket")]),
    "a pseudo-header behind others": headers(1, (b"a", b"b"), (b":authority", b"x")),
    "a response's pseudo-header": headers(1, base=[*REQUEST, (b":status", b"200")]),
    "another host": headers(1, (b"host", b"evil")),
    "two lengths": headers(1, (b"content-length", b"1"), (b"content-length", b"2"), end=False),
    "a length that is none": headers(1, (b"content-length", b"+1"), end=False),
    "a length and no body": headers(1, (b"content-length", b"1")),
    "a stream that depends on itself": F.make_frame(
        F.HEADERS, F.PRIORITIZED | 5, 1, (1).to_bytes(4) + b"\x00" + HEAD
    ),
    "priority on itself": headers(1, base=POST, end=False)
    + F.make_frame(F.PRIORITY, 0, 1, (1).to_bytes(4) + b"\x00"),
    "a body that is too long": headers(1, (b"content-length", b"1"), base=POST, end=False)
    + F.make_data(1, b"12", end=True),
    "a body that is too short": headers(1, (b"content-length", b"3"), base=POST, end=False)
    + F.make_data(1, b"12", end=True),
    "trailers that end nothing": headers(1, base=POST, end=False)
    + headers(1, base=[(b"a", b"b")], end=False),
    "trailers with a pseudo-header": headers(1, base=POST, end=False) + headers(1, base=REQUEST),
    "window update of nothing": headers(1, base=POST, end=False) + F.make_window_update(1, 0),
    "window overflow": headers(1, base=POST, end=False) + F.make_window_update(1, 2**31 - 1),
}


@pytest.mark.parametrize("said", STREAM.values(), ids=STREAM)
async def test_the_stream_ends_and_the_connection_goes_on(said):
    replica = Replica(1)
    async with running(replica) as world:
        world.route()  # held: a request that was let in would wait for a replica
        client = await connect_raw(world)
        client.greet()
        client.say(said)
        reset = await client.hear_of(F.RST_STREAM, F.GOAWAY)
        assert reset.kind == F.RST_STREAM, ErrorCode(reset.code).name
        await until(lambda: world.gateway.counters.open == 0)
        world.route(replica)
        client.say(headers(3))
        fields, body, _ = await client.response(3)
        assert (fields[b":status"], body) == (b"200", b"GET /v1 ")
        assert len(replica.received) == 1
        client.close()


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (replaced(b":method", b"CONNECT"), b"405"),
        (without(b":authority"), b"400"),
        (replaced(b":authority", b"a b"), b"400"),
        ([*REQUEST, *((b"x", b"1"),) * 200], b"431"),
    ],
)
async def test_what_is_well_formed_and_not_served_is_answered(fields, status):
    async with running() as world:
        client = await connect_raw(world)
        client.greet()
        client.ask(1, fields)
        found, _, _ = await client.response(1)
        assert found[b":status"] == status
        client.close()


def open_and_reset(count):
    return b"".join(headers(stream) + F.make_reset(stream, 8) for stream in range(1, 2 * count, 2))


FLOODS = {
    "pings": (F.make_ping(bytes(8), ack=False) * 60, Refusal.CONTROL_FRAMES),
    "settings": (F.make_settings([]) * 60, Refusal.CONTROL_FRAMES),
    "priorities": (F.make_frame(F.PRIORITY, 0, 5, bytes(5)) * 60, Refusal.CONTROL_FRAMES),
    "empty data": (
        headers(1, base=POST, end=False) + F.make_data(1, b"", end=False) * 60,
        Refusal.CONTROL_FRAMES,
    ),
    "rapid reset (CVE-2023-44487)": (open_and_reset(60), Refusal.RESETS),
    "streams that we must reset": (
        b"".join(headers(stream, (b"A", b"b")) for stream in range(1, 120, 2)),
        Refusal.RESETS,
    ),
    "continuations (VU#421644)": (
        F.make_frame(F.HEADERS, 1, 1, HEAD) + F.make_frame(F.CONTINUATION, 0, 1, b"") * 60,
        Refusal.CONTINUATIONS,
    ),
}


@pytest.mark.parametrize(("said", "refusal"), FLOODS.values(), ids=FLOODS)
async def test_floods_end_the_connection(said, refusal):
    limits = Limits(control_frames_per_interval=50, resets_per_interval=50)
    async with running(limits=limits) as world:
        world.route()
        client = await connect_raw(world)
        client.greet()
        client.say(said)
        goaway = await client.hear_of(F.GOAWAY)
        assert ErrorCode(goaway.code) is ErrorCode.ENHANCE_YOUR_CALM
        assert world.gateway.refusals.counts[refusal] == 1
        await until(lambda: world.gateway.counters.open == 0)
        client.close()


async def test_streams_beyond_the_limit_are_refused_alone():
    async with running(limits=Limits(max_streams=3)) as world:
        world.route()
        client = await connect_raw(world)
        client.greet()
        for stream in (1, 3, 5, 7):
            client.ask(stream)
        reset = await client.hear_of(F.RST_STREAM, F.GOAWAY)
        assert (reset.kind, reset.stream) == (F.RST_STREAM, 7)
        assert ErrorCode(reset.code) is ErrorCode.REFUSED_STREAM
        assert world.gateway.open_streams == 3
        assert world.gateway.refusals.counts[Refusal.STREAMS] == 1
        client.close()


async def test_a_preface_that_goes_wrong_and_one_in_pieces():
    async with running() as world:
        client = await connect_raw(world)
        client.say(b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n")
        assert (await client.reader.read(12)).startswith(b"HTTP/1.1 ")  # no HTTP/2, so HTTP/1.1
        client.close()
        client = await connect_raw(world)
        for byte in F.PREFACE + F.make_settings([]) + headers(1):
            client.say(bytes([byte]))
            await client.writer.drain()
            await asyncio.sleep(0)
        fields, _, _ = await client.response(1)
        assert fields[b":status"] == b"404"
        client.close()


async def test_a_header_list_beyond_the_limit_is_counted():
    async with running(limits=Limits(header_list_bytes=1000)) as world:
        client = await connect_raw(world)
        client.greet()
        client.say(headers(1, (b"x", b"y" * 1000)))
        goaway = await client.hear_of(F.GOAWAY)
        assert ErrorCode(goaway.code) is ErrorCode.ENHANCE_YOUR_CALM
        assert world.gateway.refusals.counts[Refusal.HEAD_SIZE] == 1
        client.close()


async def test_settings_must_come_first():
    async with running() as world:
        client = await connect_raw(world)
        client.say(F.PREFACE, headers(1))
        goaway = await client.hear_of(F.GOAWAY)
        assert ErrorCode(goaway.code) is ErrorCode.PROTOCOL_ERROR
        client.close()


async def test_unknown_frames_are_passed_over():
    async with running() as world:
        client = await connect_raw(world)
        client.greet((0x99, 7))
        client.say(F.make_frame(0x42, 0xFF, 77, b"anything"))
        client.ask(1)
        fields, _, _ = await client.response(1)
        assert fields[b":status"] == b"404"
        client.close()
