"""A name server of the host, as far as a forwarder can see."""

import asyncio

QUERY = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03com\x00\x00\x01\x00\x01"


class Upstream(asyncio.DatagramProtocol):
    """Answers every query with its id and `answer`, over UDP and TCP on one port."""

    def __init__(
        self, host: str, *, port: int = 0, silent: bool = False, wrong_first: bool = False
    ) -> None:
        self._host = host
        self.port = port
        self._silent = silent
        self._wrong_first = wrong_first
        self.asked: list[bytes] = []

    async def __aenter__(self) -> "Upstream":
        self._server = await asyncio.start_server(self._converse, self._host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=(self._host, self.port))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.asked.append(data)
        if self._wrong_first:
            self._transport.sendto(b"\xff\xff" + b"forged", addr)
        if not self._silent:
            self._transport.sendto(data[:2] + b"answer", addr)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = await reader.readexactly(int.from_bytes(await reader.readexactly(2)))
        self.asked.append(data)
        if self._silent:
            await reader.read()
        else:
            response = data[:2] + b"answer"
            writer.write(len(response).to_bytes(2) + response)
        writer.close()
