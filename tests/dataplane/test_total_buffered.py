"""What all clients together make the gateway hold, over real sockets."""

import asyncio
import socket
from contextlib import suppress

import pytest

from kfsim.dataplane import Limits
from kfsim.dataplane.refusals import Refusal
from tests.dataplane.worlds import HOST, REVISION, Replica, running, until

KIB = 1024
READ = 256 * KIB  # uvloop's
TOTAL = 1024 * KIB


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kfsim.dataplane.rest._INTERVAL", 0.02)
    monkeypatch.setattr("kfsim.dataplane.buffered.PATIENCE", 0.05)


def refused(world) -> int:
    return world.gateway.refusals.counts[Refusal.BUFFERED_BYTES]


async def test_bodies_that_wait_are_taken_up_to_the_limit_and_all_get_their_answer():
    replica = Replica(1)
    body = b"x" * 100 * KIB
    async with running(replica, limits=Limits(total_buffered_bytes=TOTAL)) as world:
        world.route()
        clients = [await world.connect() for _ in range(15)]
        most = 0
        for client in clients:
            client.send("/", method="POST", body=body)
        for count in range(5):  # ten fit
            await until(lambda count=count: refused(world) > count)
            most = max(most, world.gateway.buffered_bytes)
        assert TOTAL - len(body) < world.gateway.buffered_bytes <= TOTAL
        assert most <= TOTAL + READ
        world.route(replica)
        replies = [await client.reply() for client in clients]
        assert sorted(reply.status for reply in replies) == [200] * 10 + [503] * 5
        assert all(
            "limits.totalBufferedBytes" in reply.text for reply in replies if reply.status == 503
        )
        assert world.gateway.buffered_bytes < 10 * KIB
        assert sum(item.buckets[0] for item in world.gateway.durations if item.status == 503) <= 5
        # As before: whoever comes now is served.
        assert (await world.ask("/", method="POST", body=body)).status == 200
        for client in clients:
            client.close()


async def test_a_long_body_that_waits_is_refused_in_its_middle_and_takes_nothing_with_it():
    replica = Replica(1)
    limits = Limits(total_buffered_bytes=100 * KIB, buffered_bytes=80 * KIB)
    async with running(replica, limits=limits) as world:
        world.route()
        first, second = [await world.connect() for _ in range(2)]
        first.send("/", method="POST", body=b"x" * 60 * KIB)
        await until(lambda: world.gateway.buffered_bytes >= 60 * KIB)
        second.writer.write(
            f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 99999\r\n\r\n".encode()
        )
        second.writer.write(b"y" * 30 * KIB)
        await until(lambda: world.gateway.buffered_bytes >= 90 * KIB)
        second.writer.write(b"y" * 30 * KIB)
        assert (await second.reply()).status == 503
        assert world.flow.held(REVISION) == 1
        world.route(replica)
        assert (await first.reply()).status == 200
        for client in (first, second):
            client.close()


async def test_a_client_that_leaves_takes_its_bytes_with_it():
    async with running(limits=Limits(total_buffered_bytes=TOTAL)) as world:
        world.route()
        client = await world.connect()
        client.send("/", method="POST", body=b"x" * 50 * KIB)
        await until(lambda: world.gateway.buffered_bytes >= 50 * KIB)
        client.close()
        await until(lambda: world.gateway.buffered_bytes == 0)


async def endless(replica, request, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"10000\r\n" + b"z" * 0x10000 + b"\r\n")
        await writer.drain()


async def narrow(world):
    """A client whose socket takes little, and that does not read."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.setblocking(False)
    await asyncio.get_running_loop().sock_connect(made, ("127.0.0.1", world.port))
    await asyncio.get_running_loop().sock_sendall(
        made, f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
    )
    return made


async def test_those_who_do_not_read_are_cut_and_the_reader_goes_on():
    replica = Replica(1, endless)
    async with running(replica, limits=Limits(total_buffered_bytes=TOTAL)) as world:
        world.route(replica)
        reader = await world.connect()
        reader.send("/")
        assert b" 200 " in await reader.head()
        stuck = [await narrow(world) for _ in range(30)]
        most, seen = 0, 0
        while refused(world) < 10:
            seen += len(await reader.reader.read(READ))
            most = max(most, world.gateway.buffered_bytes)
        assert most <= TOTAL + 2 * READ
        before = seen
        while seen < before + 10 * READ:  # never cut itself
            data = await reader.reader.read(READ)
            assert data
            seen += len(data)
        for each in stuck:
            each.close()
        reader.close()
        await until(lambda: world.gateway.counters.open == 0)
        await until(lambda: world.gateway.buffered_bytes == 0)


async def test_those_who_ask_and_ask_and_do_not_read_are_cut():
    async def large(replica, request, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"z" * 100_000)

    replica = Replica(1, large)
    async with running(replica, limits=Limits(total_buffered_bytes=TOTAL)) as world:
        world.route(replica)
        clients = [await narrow(world) for _ in range(10)]
        question = f"GET / HTTP/1.1\r\nHost: {HOST}\r\nX: {'x' * 1000}\r\n\r\n".encode()
        loop = asyncio.get_running_loop()

        async def ask_on(client: socket.socket) -> None:
            with suppress(OSError):
                while True:
                    await loop.sock_sendall(client, question * 20)

        asking = [asyncio.ensure_future(ask_on(client)) for client in clients]
        most = 0
        while refused(world) < 3:
            most = max(most, world.gateway.buffered_bytes)
            await asyncio.sleep(0)
        assert most <= TOTAL + 2 * READ
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        for client in clients:
            client.close()
        await until(lambda: world.gateway.buffered_bytes == 0)


async def test_many_small_leftovers_are_found_by_a_look():
    """Half a head each: below every limit of one connection."""
    limits = Limits(total_buffered_bytes=200 * KIB)
    async with running(limits=limits) as world:
        clients = [await world.connect() for _ in range(8)]
        for client in clients:
            client.writer.write(b"GET / HTTP/1.1\r\nX: " + b"x" * 40 * KIB)
        await until(lambda: refused(world) >= 3)
        await until(lambda: 0 < world.gateway.buffered_bytes <= 200 * KIB)
        for client in clients:
            client.close()
