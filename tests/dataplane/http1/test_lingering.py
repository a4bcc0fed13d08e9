"""Closing on a client that may still be sending."""

import asyncio
import socket

import pytest

from kfsim.dataplane.http1.lingering import close_lingering
from tests.dataplane.worlds import HOST, Replica, running


def upload_all_then_listen(port: int, size: int, head: str = "") -> bytes:
    """As http.client, requests and many others do: the answer is looked for when all is sent."""
    head = head or f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {size}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(head.encode())
        client.sendall(b"x" * size)
        answer = bytearray()
        while data := client.recv(65536):
            answer += data
        return bytes(answer)


async def test_a_client_that_sends_all_before_it_listens_hears_the_replicas_refusal():
    async def refuse(replica, request, writer):
        writer.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")

    replica = Replica(1, refuse)
    async with running(replica) as world:
        world.route(replica)
        for _ in range(3):
            answer = await asyncio.to_thread(upload_all_then_listen, world.port, 20_000_000)
            assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (f"POST / HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: br\r\n\r\n", 501),
        (f"POST / HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        ("nonsense\r\n\r\n", 400),
        (f"GET / HTTP/1.1\r\nHost: {HOST}\r\nX-Long: {'x' * 70_000}", 431),
    ],
)
async def test_a_client_whose_request_is_refused_hears_why(head, status):
    replica = Replica(1)
    async with running(replica) as world:
        world.route(replica)
        for _ in range(3):
            answer = await asyncio.to_thread(upload_all_then_listen, world.port, 5_000_000, head)
            assert answer.startswith(b"HTTP/1.1 %d " % status)


async def test_a_client_that_goes_on_sending_is_closed():
    ended = asyncio.Event()

    class Ending(asyncio.Protocol):
        def connection_made(self, transport):
            close_lingering(transport)
            close_lingering(transport)  # again does no harm

        def connection_lost(self, exc):
            ended.set()

    loop = asyncio.get_running_loop()
    server = await loop.create_server(Ending, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    assert await reader.read() == b""
    async with asyncio.timeout(5):
        while not ended.is_set():
            writer.write(b"x")
            await asyncio.sleep(0.01)
    writer.close()
    server.close()
