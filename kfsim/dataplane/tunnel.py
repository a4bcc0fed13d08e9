"""Bytes both ways, once a replica has switched protocols (WebSocket): nothing is parsed any more.

Each side is read only as fast as the other one takes it. A client that sends no more may go on
listening, and the replica is told; when the replica ends, or either side is lost, all is over.
"""

import asyncio
from collections.abc import Callable

from kfsim.dataplane.connections import OpenConnections


class Tunnel:
    """Between a client's transport and a replica's, from `open` on.

    `touched` hears of each read, `ended`, once, that all is over.
    """

    def __init__(
        self,
        upstream: asyncio.Transport,
        received: bytes,
        *,
        touched: Callable[[], None],
        ended: Callable[[], None],
    ) -> None:
        """`received` is what the replica has sent beyond its head."""
        self._upstream = upstream
        self._received = received
        self._touched = touched
        self._ended = ended
        self._client: asyncio.Transport | None = None
        self._connections: OpenConnections | None = None

    def open(
        self, client: asyncio.Transport, connections: OpenConnections, received: bytes
    ) -> None:
        """Take the connection over; `received` is what the client has sent beyond its head."""
        self._client = client
        self._connections = connections
        connections.add(self)
        upstream = self._upstream
        for own, other, data in (
            (client, upstream, self._received),
            (upstream, client, received),
        ):
            own.set_protocol(_End(self, other, may_listen_on=own is client))
            if own.is_closing():
                other.abort()
            elif data:
                own.write(data)
        if not upstream.is_closing() and not upstream.is_reading():
            upstream.resume_reading()

    def close_when_idle(self) -> None:
        """It has no end of its own: it is cut when the time to drain is over."""

    def look(self, now: float) -> None:
        """Its rest is the revision's affair (idleTimeoutSeconds)."""

    def loose_bytes(self) -> int:
        client = self._client.get_write_buffer_size() if self._client is not None else 0
        return client + self._upstream.get_write_buffer_size()

    def open_streams(self) -> int:
        return 0

    def close_now(self) -> None:
        self._upstream.abort()
        if self._client is not None:
            self._client.abort()

    # From its ends

    def touched(self) -> None:
        self._touched()

    def lost(self, other: asyncio.Transport, error: Exception | None) -> None:
        """One side is gone; the other one still gets what is on its way, but after an error."""
        if error is None:
            other.close()
        else:
            other.abort()
        connections, self._connections = self._connections, None
        if connections is not None:
            connections.remove(self)
            self._ended()


class _End(asyncio.Protocol):
    """What one side sends goes to the other."""

    __slots__ = ("_may_listen_on", "_other", "_tunnel")

    def __init__(self, tunnel: Tunnel, other: asyncio.Transport, *, may_listen_on: bool) -> None:
        """`may_listen_on`: the end of its sending does not end all."""
        self._tunnel = tunnel
        self._other = other
        self._may_listen_on = may_listen_on

    def data_received(self, data: bytes) -> None:
        self._tunnel.touched()
        if not self._other.is_closing():
            self._other.write(data)

    def eof_received(self) -> bool:
        """Whether this side's transport stays open."""
        if self._may_listen_on and not self._other.is_closing():
            self._other.write_eof()
        return self._may_listen_on

    def pause_writing(self) -> None:
        if not self._other.is_closing():
            self._other.pause_reading()

    def resume_writing(self) -> None:
        if not self._other.is_closing():
            self._other.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._tunnel.lost(self._other, exc)
