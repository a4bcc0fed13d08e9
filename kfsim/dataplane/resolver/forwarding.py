"""Queries for other names, asked of the host's own name servers as they came.

A query keeps its bytes and id; each has a socket of its own, connected to the server, so that
nobody else's packet is taken for the answer. The server that is tried second is the last: Docker's
resolver, which asks us, gives up after 4 seconds (libnetwork resolver.go, extIOTimeout).
"""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

_RESOLV_CONF = Path("/etc/resolv.conf")
_PORT = 53
_MOST_TRIED = 2
_SECONDS = 1.5


def parse_name_servers(text: str) -> tuple[str, ...]:
    """The name servers of a resolv.conf, in order (resolv.conf(5))."""
    words = (line.split() for line in text.splitlines())
    return tuple(line[1] for line in words if len(line) > 1 and line[0] == "nameserver")


class HostNameServers:
    """The name servers of this host, as they are at present: a laptop's change with its network."""

    def __init__(self, path: Path = _RESOLV_CONF) -> None:
        self._path = path
        self._stamp = 0
        self._servers: tuple[str, ...] = ()

    def __call__(self) -> tuple[str, ...]:
        """None when the file cannot be read."""
        try:
            stamp = self._path.stat().st_mtime_ns
            if stamp != self._stamp:
                self._servers = parse_name_servers(self._path.read_text())
                self._stamp = stamp
        except OSError:
            return ()
        return self._servers


class Forwarder:
    """Asks the first `servers` in turn, `seconds` each."""

    def __init__(
        self,
        servers: Callable[[], Sequence[str]],
        *,
        port: int = _PORT,
        seconds: float = _SECONDS,
    ) -> None:
        self._servers = servers
        self._port = port
        self._seconds = seconds

    async def ask(self, query: bytes, *, stream: bool) -> bytes | None:
        """The first answer, over TCP (`stream`) or UDP; None when nobody answers in time."""
        for server in self._servers()[:_MOST_TRIED]:
            try:
                async with asyncio.timeout(self._seconds):
                    if stream:
                        return await self._ask_by_stream(server, query)
                    return await self._ask_by_datagram(server, query)
            except (OSError, EOFError):  # TimeoutError is an OSError; the next one may answer
                continue
        return None

    async def _ask_by_datagram(self, server: str, query: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[bytes] = loop.create_future()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Asking(query, answered), remote_addr=(server, self._port)
        )
        try:
            return await answered
        finally:
            transport.close()

    async def _ask_by_stream(self, server: str, query: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(server, self._port)
        try:
            writer.write(len(query).to_bytes(2) + query)
            size = int.from_bytes(await reader.readexactly(2))
            return await reader.readexactly(size)
        finally:
            writer.close()


class _Asking(asyncio.DatagramProtocol):
    """One query over UDP; packets with another id are not its answer."""

    def __init__(self, query: bytes, answered: asyncio.Future[bytes]) -> None:
        self._query = query
        self._answered = answered

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.DatagramTransport, transport).sendto(self._query)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if data[:2] == self._query[:2] and not self._answered.done():
            self._answered.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self._answered.done():
            self._answered.set_exception(exc)
