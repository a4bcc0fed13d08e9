"""The cheapest possible replica in Python: answers every request with the same short response.

`python -m bench.echo_upstream` prints its port on the first line. Bodies may come with a
Content-Length; a path that begins with /large is answered with 1 MB.
"""

import asyncio

import uvloop

LARGE_BYTES = 1_000_000
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n"
_RESPONSE = _HEAD % 3 + b"ok\n"
_LARGE = _HEAD % LARGE_BYTES + b"x" * LARGE_BYTES


class Upstream(asyncio.Protocol):
    """Finds the ends of heads and skips bodies."""

    def connection_made(self, transport):
        self._transport = transport
        self._rest = b""

    def data_received(self, data):
        data = self._rest + data
        answers = []
        while (end := data.find(b"\r\n\r\n") + 4) >= 4:
            end += body_length(data[:end])
            if end > len(data):
                break
            large = data.startswith((b"GET /large", b"POST /large"))
            answers.append(_LARGE if large else _RESPONSE)
            data = data[end:]
        self._rest = data
        if answers:
            self._transport.write(b"".join(answers))


def body_length(head: bytes) -> int:
    _, found, after = head.lower().partition(b"\r\ncontent-length:")
    return int(after.partition(b"\r\n")[0]) if found else 0


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
