"""What the gateway takes of memory while bodies of many sizes pass it."""

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.dataplane.gateway_process import gateway_process
from tests.dataplane.worlds import HOST
from tests.waiting import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/PID/status")

KILOBYTE, MEGABYTE, GIGABYTE = 1 << 10, 1 << 20, 1 << 30
BLOCK = bytes(MEGABYTE)
CHUNK = b"%x\r\n%b\r\n" % (MEGABYTE, BLOCK)


def make_head(method: str, length: int) -> bytes:
    return f"{method} / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {length}\r\n\r\n".encode()


def read_head(connection: socket.socket) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        if not byte:
            break
        head += byte
    return head


def receive(connection: socket.socket, size: int) -> int:
    """Read that many bytes, or until the end; how many came."""
    block, received = bytearray(MEGABYTE), 0
    while received < size and (
        count := connection.recv_into(block, min(MEGABYTE, size - received))
    ):
        received += count
    return received


@contextmanager
def replica(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server whose connections each have a thread; yields its port."""

    def run(connection: socket.socket) -> None:
        with connection:
            try:
                while read_head(connection):
                    serve(connection)
            except ConnectionError:
                pass  # the test is over

    def accept() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=run, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        threading.Thread(target=accept, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def test_two_gigabytes_each_way_take_no_memory():
    size = 2 * GIGABYTE
    received = 0

    def swallow_and_pour(connection: socket.socket) -> None:
        nonlocal received
        received = receive(connection, size)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(size // MEGABYTE):
            connection.sendall(CHUNK)
        connection.sendall(b"0\r\n\r\n")

    with (
        replica(swallow_and_pour) as port,
        gateway_process(port) as gateway,
        socket.create_connection(("127.0.0.1", gateway.port)) as client,
    ):
        client.settimeout(30)
        gateway.forget_peak()
        before = gateway.peak
        client.sendall(make_head("POST", size))
        for _ in range(size // MEGABYTE):
            client.sendall(BLOCK)
        assert b" 200 " in read_head(client)
        assert received == size
        assert receive(client, size) == size
        assert gateway.peak - before < 8 * MEGABYTE


def test_ten_slow_readers_of_big_responses_cost_a_few_megabytes():
    poured: list[int] = []

    def pour(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % GIGABYTE)
        for _ in range(GIGABYTE // MEGABYTE):
            connection.sendall(BLOCK)
            poured.append(MEGABYTE)

    with replica(pour) as port, gateway_process(port) as gateway:
        clients = [socket.create_connection(("127.0.0.1", gateway.port)) for _ in range(10)]
        gateway.forget_peak()
        before = gateway.peak
        for client in clients:
            client.sendall(make_head("GET", 0))
        for client in clients:
            assert b" 200 " in read_head(client)
        for _ in range(20):  # as slow as each turn of all the others
            for client in clients:
                assert receive(client, MEGABYTE) == MEGABYTE
        wait_until(lambda: len(poured) >= 200, timeout=10)
        assert gateway.peak - before < 8 * MEGABYTE
        for client in clients:
            client.close()


def test_ten_uploads_to_slow_replicas_cost_a_few_megabytes():
    reading = threading.Event()
    taken: list[int] = []

    def read_late(connection: socket.socket) -> None:
        reading.wait()
        for _ in range(20):
            taken.append(receive(connection, MEGABYTE))
        raise ConnectionAbortedError("read enough")

    def upload(port: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as client:
            try:
                client.sendall(make_head("POST", GIGABYTE))
                for _ in range(GIGABYTE // MEGABYTE):
                    client.sendall(BLOCK)
            except ConnectionError:
                pass  # the replica has read enough

    with replica(read_late) as port, gateway_process(port) as gateway:
        gateway.forget_peak()
        before = gateway.peak
        uploads = [threading.Thread(target=upload, args=(gateway.port,)) for _ in range(10)]
        for each in uploads:
            each.start()
        reading.set()
        for each in uploads:
            each.join(20)
        assert sum(taken) == 200 * MEGABYTE
        assert gateway.peak - before < 8 * MEGABYTE
