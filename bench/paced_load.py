"""N connections that ask at a given total rate, or as fast as they are answered (rate 0).

`python -m bench.paced_load PORT HOST CONNECTIONS RATE SECONDS` prints one JSON line with the
requests, their rate, and p50, p99 and maximum latency in milliseconds. At a rate, a request that
falls due while its connection still waits is sent late and its latency counted from when it was
due, so that a stalled server cannot hide its stalls.
"""

import asyncio
import json
import random
import sys
import time

import uvloop


class Connection(asyncio.Protocol):
    def __init__(self, load: "Load") -> None:
        self._load = load
        self._due = 0.0

    def connection_made(self, transport) -> None:
        self._transport = transport
        if self._load.interval:
            self._due = time.perf_counter() + random.random() * self._load.interval
            self._wait()
        else:
            self._send(time.perf_counter())

    def _wait(self) -> None:
        delay = self._due - time.perf_counter()
        if delay > 0:
            asyncio.get_running_loop().call_later(delay, self._wait)
        else:
            self._send(self._due)

    def _send(self, due: float) -> None:
        self._due = due
        self._transport.write(self._load.request)

    def data_received(self, data: bytes) -> None:
        if not data.endswith(b"ok\n"):
            if not data.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"unexpected answer {data!r}")
            return  # the body comes in another read
        now = time.perf_counter()
        self._load.latencies.append(now - self._due)
        if self._load.interval:
            self._due += self._load.interval
            self._wait()
        else:
            self._send(now)


class Load:
    def __init__(self, host: str, connections: int, rate: float) -> None:
        self.request = (
            f"GET /v1/models/iris HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\n\r\n".encode()
        )
        self.interval = connections / rate if rate else 0.0
        self.latencies: list[float] = []


async def main() -> None:
    port, host, connections, rate, seconds = sys.argv[1:6]
    load = Load(host, int(connections), float(rate))
    loop = asyncio.get_running_loop()
    for _ in range(int(connections)):
        await loop.create_connection(lambda: Connection(load), "127.0.0.1", int(port))
    await asyncio.sleep(0.5)
    load.latencies.clear()
    await asyncio.sleep(float(seconds))
    values = sorted(load.latencies)
    count = len(values)
    print(
        json.dumps(
            {
                "requests": count,
                "rate": count / float(seconds),
                "p50": values[count // 2] * 1000,
                "p99": values[count * 99 // 100] * 1000,
                "max": values[-1] * 1000,
            }
        )
    )


if __name__ == "__main__":
    uvloop.run(main())
