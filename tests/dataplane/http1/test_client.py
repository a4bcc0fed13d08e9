"""What a client may send, and how long the gateway listens to it."""

import pytest

from kfsim.dataplane import Limits
from tests.dataplane.worlds import REVISION, Replica, running, until

HOST = b"Host: iris.default.localhost\r\n"


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        (b"POST / HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 501),
        (
            b"POST / HTTP/1.1\r\n"
            + HOST
            + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
        ),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\n", 400),
        (b"CONNECT iris:80 HTTP/1.1\r\n" + HOST + b"\r\n", 405),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"x" * 70_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 200 + b"\r\n", 431),
        (b"nonsense\r\n\r\n", 400),
    ],
    ids=[
        "no host",
        "two hosts",
        "spaced host",
        "http 1.0 with chunks",
        "unknown coding",
        "length and chunks",
        "two lengths",
        "connect",
        "huge head",
        "many headers",
        "nonsense",
    ],
)
async def test_unclear_requests_are_refused_and_never_forwarded(raw, status):
    replica = Replica(1)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        client.writer.write(raw)
        reply = await client.reply()
        assert (reply.status, reply.headers["connection"]) == (status, "close")
        assert await client.reader.read() == b""
        client.close()
        assert replica.received == []


async def test_bad_request_behind_a_good_one_is_answered_in_its_turn():
    replica = Replica(1)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        client.send("/good")
        client.writer.write(b"bad\r\n\r\n")
        assert (await client.reply()).status == 200
        assert (await client.reply()).status == 400
        client.close()


async def test_bad_chunk_in_a_body_ends_the_exchange():
    replica = Replica(1)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        client.writer.write(
            b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
        )
        await replica.arrived.wait()
        client.writer.write(b"zz\r\n")
        assert (await client.reply()).status == 400
        client.close()
        await replica.gone.wait()


async def test_http_1_0_client_gets_an_unchunked_response():
    async def answer(replica, request, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")

    replica = Replica(1, answer)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        client.writer.write(b"GET / HTTP/1.0\r\n" + HOST + b"\r\n")
        reply = await client.reply()
        assert "transfer-encoding" not in reply.headers
        assert reply.text == "ok"
        client.close()


async def test_absolute_target_decides_the_host():
    replica = Replica(1)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        client.send("http://iris.default.localhost:8080/x", host="elsewhere")
        assert (await client.reply()).text == "GET /x "
        assert replica.received[0].headers["host"] == "iris.default.localhost:8080"
        client.close()


async def test_upgrade_is_ignored_and_the_request_answered():
    replica = Replica(1)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        for _ in range(2):
            client.send("/", more="Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n")
            assert (await client.reply()).text == "GET / "
        assert "upgrade" not in replica.received[0].headers
        client.close()


async def test_held_upload_is_buffered_up_to_a_bound_only():
    replica = Replica(1)
    async with running(replica, limits=Limits(buffered_bytes=1000)) as world:
        world.route()
        client = await world.connect()
        body = b"x" * 20_000_000
        client.send("/", method="POST", body=body)
        await until(lambda: world.flow.held(REVISION) == 1)
        for _ in range(300):
            await until(lambda: True)
        assert client.writer.transport.get_write_buffer_size() > 1_000_000
        world.route(replica)
        assert (await client.reply()).body == b"POST / " + body
        client.close()


async def test_many_pipelined_requests_do_not_recurse():
    async with running() as world:
        client = await world.connect()
        client.writer.write(b"GET / HTTP/1.1\r\nHost: nobody\r\n\r\n" * 3000)
        for _ in range(3000):
            assert (await client.reply()).status == 404
        client.close()
