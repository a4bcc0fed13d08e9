"""Connections beyond the limit, over real sockets."""

import asyncio
import socket
from contextlib import suppress

import pytest

from kfsim.base.types import ServiceName
from kfsim.dataplane import Limits
from kfsim.dataplane.http2.frames import PREFACE
from kfsim.dataplane.refusals import Refusal
from tests.dataplane.worlds import Replica, running, until

TWO = Limits(connections=2)


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kfsim.dataplane.rest._INTERVAL", 0.01)
    monkeypatch.setattr("kfsim.dataplane.crowd._LINGER", 0.05)


async def filled(world, count=2):
    """Open connections that have been answered once, so that the gateway knows them."""
    clients = [await world.connect() for _ in range(count)]
    for client in clients:
        client.send("/")
        assert (await client.reply()).status == 200
    return clients


async def test_one_too_many_is_told_so_and_the_others_go_on():
    replica = Replica(1)
    async with running(replica, limits=TWO) as world:
        world.route(replica)
        clients = await filled(world)
        late = await world.connect()
        late.send("/", method="POST", body=b"x" * 300_000)
        reply = await late.reply()
        assert (reply.status, reply.headers["connection"]) == (503, "close")
        assert "2 connections open" in reply.text
        assert "limits.connections" in reply.text
        assert await late.reader.read() == b""
        late.close()
        assert world.gateway.refusals.counts[Refusal.CONNECTIONS] == 1
        assert len(replica.received) == 2
        for client in clients:
            client.send("/")
            assert (await client.reply()).status == 200
        clients.pop().close()
        await until(lambda: world.gateway.open_connections == 1)
        assert (await world.ask("/")).status == 200  # there is room again
        clients.pop().close()


async def test_an_http2_client_is_told_in_its_own_words():
    replica = Replica(1)
    async with running(replica, limits=TWO) as world:
        world.route(replica)
        clients = await filled(world)
        late = await world.connect()
        late.writer.write(PREFACE[:10])
        await asyncio.sleep(0)
        late.writer.write(PREFACE[10:])
        frames = await late.reader.read()
        assert frames[:9] == bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])  # SETTINGS
        assert frames[12:13] == b"\x07"  # GOAWAY
        assert int.from_bytes(frames[22:26]) == 0xB
        assert b"2 connections open" in frames
        for client in (*clients, late):
            client.close()


async def test_one_that_says_nothing_is_closed():
    replica = Replica(1)
    async with running(replica, limits=TWO) as world:
        world.route(replica)
        clients = await filled(world)
        late = await world.connect()
        with suppress(ConnectionError):
            assert await late.reader.read() == b""
        for client in (*clients, late):
            client.close()


async def test_beyond_those_who_are_told_they_are_cut(monkeypatch):
    monkeypatch.setattr("kfsim.dataplane.crowd._MOST", 1)
    monkeypatch.setattr("kfsim.dataplane.crowd._LINGER", 60.0)
    replica = Replica(1)
    async with running(replica, limits=TWO) as world:
        world.route(replica)
        clients = await filled(world)
        late = [await world.connect() for _ in range(3)]
        await until(lambda: world.gateway.refusals.counts[Refusal.CONNECTIONS] == 3)
        late[0].send("/")
        assert (await late[0].reply()).status == 503
        for client in late[1:]:
            with suppress(ConnectionError):
                assert await client.reader.read() == b""
        for client in (*clients, *late):
            client.close()


async def test_calls_from_inside_have_a_limit_of_their_own():
    replica = Replica(1)
    async with running(replica, limits=TWO) as world:
        world.route(replica)
        clients = await filled(world)
        listening = socket.create_server(("127.0.0.1", 0))
        listening.setblocking(False)
        port = listening.getsockname()[1]
        await world.gateway.serve_socket(listening, service=ServiceName("default", "iris"))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        writer.close()
        for client in clients:
            client.close()


async def test_a_stranger_is_told_nothing_there_either():
    async with running(limits=Limits(connections=1)) as world:
        listening = socket.create_server(("127.0.0.1", 0))
        listening.setblocking(False)
        address = listening.getsockname()
        admitted = True
        await world.gateway.serve_socket(listening, admits=lambda peer: admitted)
        first = await asyncio.open_connection(*address)
        first[1].write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b" 404 " in await first[0].readline()
        admitted = False
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        with suppress(ConnectionError):
            assert await reader.read() == b""
        for each in (first[1], writer):
            each.close()
