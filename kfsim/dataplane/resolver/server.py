"""The name server's sockets: one address, UDP and TCP (RFC 7766).

Answers of our own are sent from the callback in which the query came; a forwarded query has a task
of its own. How many run at a time is bounded, so a container that asks without end costs no more
than that.
"""

import asyncio
import socket
from collections.abc import Callable
from contextlib import ExitStack

import dns.rcode

from kfsim.base.tasks import TaskSet
from kfsim.dataplane.resolver.answers import Verdict, Zone, answer, make_failure
from kfsim.dataplane.resolver.forwarding import Forwarder

_MOST_FORWARDED = 64
_MOST_STREAMS = 32
_STREAM_IDLE_SECONDS = 10.0
Peer = tuple[str, int]


class Resolver:
    """Serves those whose address `admits` allows; others get no answer, not even an error."""

    def __init__(self, *, zone: Zone, forwarder: Forwarder, admits: Callable[[str], bool]) -> None:
        self._zone = zone
        self._forwarder = forwarder
        self._admits = admits
        self._forwarded = TaskSet("resolver")
        self._streams = TaskSet("resolver-streams")
        self._server: asyncio.Server | None = None
        self._datagrams: asyncio.DatagramTransport | None = None

    async def serve(self, host: str, port: int) -> int:
        """Listen on both protocols; returns the port. Raises OSError, then nothing is open."""
        stream, datagrams = _bind(host, port)
        bound: int = stream.getsockname()[1]
        self._server = await asyncio.start_server(self._accept, sock=stream)
        self._datagrams, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Datagrams(self._on_datagram), sock=datagrams
        )
        return bound

    async def close(self) -> None:
        if self._datagrams is not None:
            self._datagrams.close()
        if self._server is not None:
            self._server.close()
        await self._streams.close()
        await self._forwarded.close()

    # UDP

    def _on_datagram(self, query: bytes, peer: Peer) -> None:
        if not self._admits(peer[0]):
            return
        verdict = answer(query, self._zone)
        if verdict is Verdict.FORWARD:
            if len(self._forwarded) < _MOST_FORWARDED:
                self._forwarded.spawn(self._forward_datagram(query, peer), name="forward")
            else:
                self._send(make_failure(query, dns.rcode.SERVFAIL), peer)
        elif isinstance(verdict, bytes):
            self._send(verdict, peer)

    async def _forward_datagram(self, query: bytes, peer: Peer) -> None:
        found = await self._forwarder.ask(query, stream=False)
        self._send(found or make_failure(query, dns.rcode.SERVFAIL), peer)

    def _send(self, response: bytes, peer: Peer) -> None:
        if self._datagrams is not None and not self._datagrams.is_closing():
            self._datagrams.sendto(response, peer)

    # TCP

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")
        if not self._admits(peer[0]) or len(self._streams) >= _MOST_STREAMS:
            writer.transport.abort()
        else:
            self._streams.spawn(self._converse(reader, writer), name="stream")

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                async with asyncio.timeout(_STREAM_IDLE_SECONDS):
                    query = await reader.readexactly(int.from_bytes(await reader.readexactly(2)))
                response = await self._respond(query)
                writer.write(len(response).to_bytes(2) + response)
                await writer.drain()
        except (OSError, EOFError):
            pass  # the client is done, or silent for too long (TimeoutError is an OSError)
        finally:
            writer.close()

    async def _respond(self, query: bytes) -> bytes:
        verdict = answer(query, self._zone)
        if isinstance(verdict, bytes):
            return verdict
        if verdict is Verdict.IGNORE:
            raise EOFError("no query")
        found = await self._forwarder.ask(query, stream=True)
        return found or make_failure(query, dns.rcode.SERVFAIL)


def _bind(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """A stream and a datagram socket on one port, or none. Raises OSError."""
    with ExitStack() as undone:
        stream = undone.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stream.bind((host, port))
        stream.listen(_MOST_STREAMS)
        datagrams = undone.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        datagrams.bind(stream.getsockname())
        for each in (stream, datagrams):
            each.setblocking(False)
        undone.pop_all()
    return stream, datagrams


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, on_datagram: Callable[[bytes, Peer], None]) -> None:
        self._on_datagram = on_datagram

    def datagram_received(self, data: bytes, addr: Peer) -> None:
        self._on_datagram(data, addr)
