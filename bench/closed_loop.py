"""A closed-loop HTTP load generator: N connections, each asks again when it is answered.

Run as a process of its own so that it shares no loop with what it measures:
`python bench/closed_loop.py HOST:PORT PATH BODY_FILE CONNECTIONS SECONDS [HOST_HEADER]`; prints one
JSON line: requests, seconds, p50 and p99 in milliseconds, statuses by code.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import cast

import uvloop


class Connection(asyncio.Protocol):
    """Sends the same request over and over; parses just enough of the answer to find its end."""

    def __init__(self, request: bytes, results: "Results") -> None:
        self._request = request
        self._results = results
        self._buffer = b""
        self._started = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the interface and not the base class
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def _send(self) -> None:
        assert self._transport is not None
        self._started = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            length = 0
            at = head.find(b"content-length:")
            if at >= 0:
                length = int(head[at + 15 :].split(b"\r\n", 1)[0])
            if len(self._buffer) < end + 4 + length:
                return
            self._buffer = self._buffer[end + 4 + length :]
            self._results.add(int(head[9:12]), time.perf_counter() - self._started)
            if self._results.over:
                assert self._transport is not None
                self._transport.close()
                return
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        self._results.lost()


class Results:
    """Latencies and statuses of all connections."""

    def __init__(self, connections: int, seconds: float) -> None:
        self.latencies: list[float] = []
        self.statuses: dict[int, int] = {}
        self.done = asyncio.Event()
        self._open = connections
        self._started = time.perf_counter()
        self._seconds = seconds
        self.elapsed = 0.0

    @property
    def over(self) -> bool:
        return time.perf_counter() - self._started > self._seconds

    def add(self, status: int, latency: float) -> None:
        self.latencies.append(latency)
        self.statuses[status] = self.statuses.get(status, 0) + 1

    def lost(self) -> None:
        self._open -= 1
        if self._open == 0:
            self.elapsed = time.perf_counter() - self._started
            self.done.set()


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of the sorted values lie; 0 for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


async def load(
    address: str, path: str, body: bytes, connections: int, seconds: float, host: str
) -> dict[str, object]:
    request = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    name, _, port = address.rpartition(":")
    loop = asyncio.get_running_loop()
    results = Results(connections, seconds)
    for _ in range(connections):
        await loop.create_connection(lambda: Connection(request, results), name, int(port))
    async with asyncio.timeout(seconds + 30):
        await results.done.wait()
    return {
        "requests": len(results.latencies),
        "seconds": results.elapsed,
        "p50_ms": percentile(results.latencies, 0.5) * 1000,
        "p99_ms": percentile(results.latencies, 0.99) * 1000,
        "statuses": results.statuses,
    }


def main() -> None:
    address, path, body_file, connections, seconds = sys.argv[1:6]
    host = sys.argv[6] if len(sys.argv) > 6 else address
    body = Path(body_file).read_bytes()
    print(json.dumps(uvloop.run(load(address, path, body, int(connections), float(seconds), host))))


if __name__ == "__main__":
    main()
