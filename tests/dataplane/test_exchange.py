"""Bodies in both directions, and replicas that fail."""

import asyncio
import socket

import pytest

from kfsim.base.types import Endpoint, ServiceMode
from kfsim.dataplane.counters import Outcome
from tests.dataplane.worlds import REVISION, Replica, answer_ok, running, until

MEGABYTE = 1024 * 1024


async def test_large_upload_and_download_arrive_whole():
    async def echo(replica, request, writer):
        size = int(request.headers["content-length"])
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while size:
            data = await request.reader.read(min(size, 65536))
            size -= len(data)
            writer.write(b"%x\r\n%b\r\n" % (len(data), data))
            await writer.drain()
        writer.write(b"0\r\n\r\n")

    replica = Replica(1, echo)
    body = bytes(range(256)) * (8 * MEGABYTE // 256)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        client.send("/", method="POST", body=body)
        reply = await client.reply()
        client.close()
        assert reply.body == body


async def test_slow_reader_stops_the_replica_instead_of_filling_memory():
    sent = 0

    async def pour(replica, request, writer):
        nonlocal sent
        writer.transport.set_write_buffer_limits(high=65536)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (256 * MEGABYTE))
        for _ in range(256):
            writer.write(bytes(MEGABYTE))
            await writer.drain()
            sent += MEGABYTE

    replica = Replica(1, pour)
    async with running(replica) as world:
        world.route(replica)
        # No stream reader: it would read ahead. Kernel buffers are all that is left.
        with socket.create_connection(("127.0.0.1", world.port)) as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            slow.sendall(b"GET / HTTP/1.1\r\nHost: iris.default.localhost\r\n\r\n")
            await until(lambda: sent > 0)
            before = -1
            while sent != before:  # until it has come to rest
                before = sent
                for _ in range(200):
                    await asyncio.sleep(0)
            assert sent < 64 * MEGABYTE
        await replica.gone.wait()
        await until(lambda: world.gateway.counters.ended[Outcome.CLIENT_LOST] == 1)


async def test_slow_replica_stops_the_uploading_client():
    async def read_late(replica, request, writer):
        await replica.gate.wait()
        size = int(request.headers["content-length"])
        while size:
            size -= len(await request.reader.read(size))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    replica = Replica(1, read_late)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        body = bytes(64 * MEGABYTE)
        client.send("/", method="POST", body=body)
        await replica.arrived.wait()
        left = -1
        while (now := client.writer.transport.get_write_buffer_size()) != left:
            left = now
            for _ in range(200):
                await asyncio.sleep(0)
        assert left > 32 * MEGABYTE  # still with the client
        replica.gate.set()
        assert (await client.reply()).text == "ok"
        client.close()


async def test_chunked_upload_is_passed_on_without_extensions_and_trailers():
    replica = Replica(1)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        client.writer.write(
            b"POST / HTTP/1.1\r\nHost: iris.default.localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"5;name=value\r\nhello\r\n6\r\n world\r\n0\r\nTrailer-Field: x\r\n\r\n"
        )
        assert (await client.reply()).text == "POST / hello world"
        client.close()


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", "until the end"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold", "old"),
    ],
    ids=["ended by closing", "http 1.0"],
)
async def test_responses_that_end_their_connection(raw, body):
    async def answer(replica, request, writer):
        writer.write(raw)
        writer.close()

    replica = Replica(1, answer)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        for _ in range(2):
            client.send("/")
            assert (await client.reply()).text == body
        client.close()


@pytest.mark.parametrize(
    ("method", "raw"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n"),
    ],
)
async def test_responses_without_a_body_keep_both_connections(method, raw):
    async def answer(replica, request, writer):
        writer.write(raw)

    replica = Replica(1, answer)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        for _ in range(3):
            client.send("/", method=method)
            await client.reply()
        client.close()
        assert replica.connections == 1


async def test_hundred_continue_goes_end_to_end():
    async def ask_for_it(replica, request, writer):
        assert request.headers["expect"] == "100-continue"
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await answer_ok(replica, request, writer)

    replica = Replica(1, ask_for_it)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        client.writer.write(
            b"POST / HTTP/1.1\r\nHost: iris.default.localhost\r\nContent-Length: 4\r\n"
            b"Expect: 100-continue\r\n\r\n"
        )
        assert (await client.head()).startswith(b"HTTP/1.1 100 Continue")
        client.writer.write(b"body")
        assert (await client.reply()).text == "POST / body"
        client.close()


async def test_early_response_ends_the_exchange_and_the_rest_is_discarded():
    async def refuse_early(replica, request, writer):
        if request.method == "POST":
            writer.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
        else:
            await answer_ok(replica, request, writer)

    replica = Replica(1, refuse_early)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        client.writer.write(
            b"POST / HTTP/1.1\r\nHost: iris.default.localhost\r\nContent-Length: 10\r\n\r\nhalf "
        )
        assert (await client.reply()).status == 413
        client.writer.write(b"rest ")
        client.send("/next")
        assert (await client.reply()).text == "GET /next "
        client.close()


async def test_refused_connection_is_tried_at_another_replica():
    good = Replica(2)
    dead = Replica(1)
    with socket.socket() as reserved:  # bound but not listening: connecting is refused
        reserved.bind(("127.0.0.1", 0))
        dead.endpoint = Endpoint(dead.key, "127.0.0.1", reserved.getsockname()[1])
        async with running(good) as world:
            world.route(dead, good, mode=ServiceMode.PROXY, container_concurrency=1)
            reply = await world.ask("/", method="POST", body=b"x")
            assert (reply.status, reply.headers["kfsim-replica"]) == (200, "pod-2")
            assert world.flow.in_flight(dead.key) == 0


@pytest.mark.parametrize("mode", list(ServiceMode))
async def test_refused_request_without_another_replica_is_held_until_there_is_one(mode):
    dead, good = Replica(1), Replica(2)
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        dead.endpoint = Endpoint(dead.key, "127.0.0.1", reserved.getsockname()[1])
        async with running(good) as world:
            world.route(dead, mode=mode, container_concurrency=1)
            client = await world.connect()
            client.send("/", method="POST", body=b"x")
            await until(lambda: world.gateway.counters.retries >= 2)
            assert world.flow.held(REVISION) <= 1
            world.route(good, mode=mode, container_concurrency=1)
            reply = await client.reply()
            client.close()
            assert (reply.status, reply.headers["kfsim-replica"]) == (200, "pod-2")
            assert len(good.received) == 1
            assert world.flow.in_flight(dead.key) == 0


async def test_refusing_replica_that_comes_back_gets_the_held_request_without_an_update():
    late = Replica(1)
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        late.endpoint = Endpoint(late.key, "127.0.0.1", reserved.getsockname()[1])
        async with running() as world:
            world.route(late)
            client = await world.connect()
            client.send("/")
            await until(lambda: world.gateway.counters.retries >= 1)
            server = await asyncio.start_server(late.serve, sock=reserved)
            assert (await client.reply()).status == 200
            client.close()
            server.close()
            await late.stop()


async def test_client_that_leaves_while_its_refused_request_is_held():
    dead = Replica(1)
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        dead.endpoint = Endpoint(dead.key, "127.0.0.1", reserved.getsockname()[1])
        async with running() as world:
            world.route(dead)
            client = await world.connect()
            client.send("/")
            await until(lambda: world.flow.held(REVISION) == 1)
            client.close()
            await until(lambda: world.gateway.counters.ended[Outcome.CLIENT_LOST] == 1)
            assert world.flow.held(REVISION) == 0


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("POST", 502)])
async def test_stale_pooled_connection_is_replaced_only_for_idempotent_methods(method, status):
    async def close_on_second(replica, request, writer):
        if request.target == "/first" or replica.connections == 2:
            await answer_ok(replica, request, writer)
        else:
            writer.transport.abort()

    replica = Replica(1, close_on_second)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        client.send("/first")
        await client.reply()
        client.send("/second", method=method, body=b"x" if method == "POST" else b"")
        assert (await client.reply()).status == status
        client.close()


async def test_a_dead_replicas_stale_connection_sends_the_request_elsewhere():
    async def die_on_second(replica, request, writer):
        if request.target == "/first":
            await answer_ok(replica, request, writer)
        else:
            replica.stop_listening()
            writer.transport.abort()

    dying, other = Replica(1, die_on_second), Replica(2)
    async with running(dying, other) as world:
        world.route(dying, other, mode=ServiceMode.PROXY, container_concurrency=1)
        client = await world.connect()
        client.send("/first")
        assert (await client.reply()).headers["kfsim-replica"] == "pod-1"
        client.send("/second")
        assert (await client.reply()).headers["kfsim-replica"] == "pod-2"
        client.close()
        assert [each.target for each in dying.received] == ["/first", "/second"]
        assert [each.target for each in other.received] == ["/second"]
        assert world.flow.in_flight(dying.key) == 0


@pytest.mark.parametrize(
    "raw",
    [
        b"not http at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 70_000,
    ],
    ids=["garbage", "two framings", "two lengths", "unasked upgrade", "huge head"],
)
async def test_bad_head_of_a_replica_is_502(raw):
    async def answer(replica, request, writer):
        writer.write(raw)

    replica = Replica(1, answer)
    async with running(replica) as world:
        world.route(replica)
        assert (await world.ask("/")).status == 502


async def test_replica_that_dies_in_its_response_breaks_the_clients_connection():
    async def die(replica, request, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        await writer.drain()
        writer.close()

    replica = Replica(1, die)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        client.send("/")
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await client.reply()
        client.close()
        assert world.gateway.counters.ended[Outcome.BROKEN] == 1


async def test_unasked_bytes_poison_a_pooled_connection():
    async def say_too_much(replica, request, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        if replica.connections == 1:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")

    replica = Replica(1, say_too_much)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        for _ in range(2):
            client.send("/")
            assert (await client.reply()).text == "ok"
            await until(lambda: replica.gone.is_set() or replica.connections == 2)
        client.close()
        assert replica.connections == 2


async def test_repeated_requests_follow_the_routes_and_keep_their_own_bodies():
    first, second = Replica(1), Replica(2)
    async with running(first, second) as world:
        client = await world.connect()
        for replica in (first, second):
            world.route(replica)
            for body in (b"one", b"two", b"six"):
                client.send("/", method="POST", body=body)
                reply = await client.reply()
                assert reply.text == f"POST / {body.decode()}"
                assert reply.headers["kfsim-replica"] == replica.key.name
        client.close()
        ids = [received.headers["x-request-id"] for received in first.received]
        assert len(set(ids)) == len(ids) == 3


async def test_repeated_head_of_a_replica_is_not_taken_for_the_answer_to_head():
    async def describe(replica, request, writer):
        body = b"" if request.method == "HEAD" else b"body"
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n" + body)

    replica = Replica(1, describe)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        for method in ("GET", "HEAD", "GET", "GET"):
            client.send("/", method=method)
            reply = await client.reply()
            assert reply.text == ("" if method == "HEAD" else "body")
            assert reply.headers["content-length"] == "4"
        client.close()
        assert replica.connections == 1


async def test_bytes_behind_a_repeated_response_poison_the_connection():
    async def talk(replica, request, writer):
        evil = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno" if request.target == "/2" else b""
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + evil)

    replica = Replica(1, talk)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        for number in range(4):
            client.send(f"/{number}")
            assert (await client.reply()).text == "ok"
        client.close()
        assert replica.connections == 2


async def test_other_idle_connections_go_when_one_breaks_in_the_middle_of_its_work():
    dying = False

    async def serve(replica, request, writer):
        if dying:
            writer.transport.abort()
            return
        await request.body()
        await replica.gate.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    replica = Replica(1, serve)
    async with running(replica) as world:
        world.route(replica)
        clients = [await world.connect() for _ in range(2)]
        for client in clients:
            client.send("/", method="POST", body=b"x")
        await until(lambda: len(replica.received) == 2)
        replica.gate.set()
        assert [(await client.reply()).status for client in clients] == [200, 200]
        assert replica.connections == 2

        dying = True  # as a process that is killed: its sockets close one by one
        clients[0].send("/", method="POST", body=b"x")
        assert (await clients[0].reply()).status == 502
        dying = False
        clients[0].send("/", method="POST", body=b"x")
        assert (await clients[0].reply()).status == 200
        assert replica.connections == 3  # the other idle one was not trusted
        for client in clients:
            client.close()
