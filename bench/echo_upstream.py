"""The cheapest possible replica: answers every request head with the same short response.

`python -m bench.echo_upstream` prints its port on the first line.
"""

import asyncio

import uvloop

_RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n"


class Upstream(asyncio.Protocol):
    """Counts blank lines; requests must have no body."""

    def connection_made(self, transport):
        self._transport = transport
        self._rest = b""

    def data_received(self, data):
        data = self._rest + data
        count = data.count(b"\r\n\r\n")
        self._rest = data[data.rfind(b"\r\n\r\n") + 4 :] if count else data
        self._transport.write(_RESPONSE * count)


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
