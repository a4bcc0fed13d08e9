"""Which protocol a connection speaks, told from its first bytes.

HTTP/2 with prior knowledge begins with a fixed preface (RFC 9113 section 3.4); everything else is
HTTP/1.x, where HTTP/2 can still be asked for by an Upgrade.
"""

import asyncio
from collections.abc import Callable
from enum import Enum, auto
from typing import cast

from kfsim.dataplane.connections import OpenConnections
from kfsim.dataplane.http2.frames import PREFACE
from kfsim.dataplane.rest import Rest


class Spoken(Enum):
    """What the first bytes say."""

    HTTP1 = auto()
    HTTP2 = auto()
    UNDECIDED = auto()


def sniff(data: bytes) -> Spoken:
    """Decide as soon as the bytes differ from the preface."""
    if data.startswith(PREFACE):
        return Spoken.HTTP2
    return Spoken.UNDECIDED if PREFACE.startswith(data) else Spoken.HTTP1


class SniffingConnection(asyncio.Protocol):
    """Waits for the first bytes, then hands the connection to what `make_http1` or `make_http2`
    makes."""

    def __init__(
        self,
        make_http1: Callable[[], asyncio.Protocol],
        make_http2: Callable[[], asyncio.Protocol],
        connections: OpenConnections,
        *,
        head_timeout: float,
        admits: Callable[[str], bool] | None = None,
    ) -> None:
        """`head_timeout` bounds the seconds until the protocol is known. `admits` is asked about
        the peer's address; without it everybody may connect."""
        self._make_http1 = make_http1
        self._make_http2 = make_http2
        self._head_timeout = head_timeout
        self._admits = admits
        self._connections = connections
        self._received = b""
        self._refused = False
        self._rest = Rest()

    def close_when_idle(self) -> None:
        self._transport.close()

    def close_now(self) -> None:
        self._transport.abort()

    def look(self, now: float) -> None:
        if self._rest.seconds(True, now) > self._head_timeout:
            self._transport.close()

    def loose_bytes(self) -> int:
        return len(self._received)

    def open_streams(self) -> int:
        return 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        self._connections.add(self)
        if self._admits is not None and not self._admits(transport.get_extra_info("peername")[0]):
            self._refused = True
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        received = self._received = self._received + data
        spoken = sniff(received)
        if spoken is not Spoken.UNDECIDED:
            protocol = self._make_http2() if spoken is Spoken.HTTP2 else self._make_http1()
            self._transport.set_protocol(protocol)
            protocol.connection_made(self._transport)
            self._connections.remove(self)
            protocol.data_received(received)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.remove(self)
