"""Connections beyond the limit: told so in their own protocol, then closed.

Envoy closes such a connection before it reads from it (its listeners' connection limits, counted as
downstream_global_cx_overflow), and Go's server in front of Knative's queue-proxy has no limit but
the process's files. haproxy leaves it waiting in the kernel's backlog (maxconn), nginx closes those
that rest (worker_connections; both measured). A sentence costs little more, while those that get
one are few: a connection is kept until its client has said something, is answered, and is read on
for a moment, because closing over unread bytes would take the answer back (RFC 9112 section 9.6).
Beyond `_MOST` of them it is done as Envoy does it.
"""

import asyncio
from collections.abc import Callable
from typing import Final, cast

from kfsim.dataplane.answers import Answer
from kfsim.dataplane.connections import OpenConnections
from kfsim.dataplane.http1.client_writer import ClientWriter
from kfsim.dataplane.http2 import frames
from kfsim.dataplane.http2.errors import ErrorCode
from kfsim.dataplane.refusals import Refusal, Refusals
from kfsim.dataplane.rest import Rest
from kfsim.dataplane.sniff import Spoken, sniff

_MOST: Final = 256
_LINGER: Final = 1.0


def make_sentence(limit: int) -> str:
    return (
        f"the gateway has {limit} connections open, the most it takes; close some, or raise "
        "limits.connections in kfsim.yaml"
    )


def make_goaway(reason: str) -> bytes:
    """SETTINGS, which must come first (RFC 9113 section 3.4), and GOAWAY."""
    return frames.make_settings(()) + frames.make_goaway(0, ErrorCode.ENHANCE_YOUR_CALM, reason)


class TurnedAway(asyncio.Protocol):
    """A connection that is one too many; `waiting` are those like it, and no part of the limit."""

    def __init__(
        self,
        waiting: OpenConnections,
        refusals: Refusals,
        *,
        limit: int,
        admits: Callable[[str], bool] | None = None,
    ) -> None:
        """`admits` is asked about the peer's address; without it everybody is told."""
        self._admits = admits
        self._waiting = waiting
        self._refusals = refusals
        self._reason = make_sentence(limit)
        self._received = b""
        self._answered = False
        self._rest = Rest()

    def close_when_idle(self) -> None:
        self._transport.abort()

    def close_now(self) -> None:
        self._transport.abort()

    def look(self, now: float) -> None:
        if self._rest.seconds(self._answered, now) > _LINGER:
            self._transport.abort()

    def loose_bytes(self) -> int:
        return len(self._received)

    def open_streams(self) -> int:
        return 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        self._refusals.note(Refusal.CONNECTIONS)
        stranger = self._admits is not None and not self._admits(
            transport.get_extra_info("peername")[0]
        )
        if stranger or len(self._waiting) >= _MOST:
            self._transport.abort()
        else:
            self._waiting.add(self)

    def data_received(self, data: bytes) -> None:
        if self._answered:
            return
        self._received += data
        spoken = sniff(self._received)
        if spoken is Spoken.UNDECIDED:
            return
        self._answered, self._received = True, b""
        if spoken is Spoken.HTTP2:
            self._transport.write(make_goaway(self._reason))
        else:
            answer = Answer(503, self._reason + "\n")
            ClientWriter(self._transport).answer(None, answer, keep_alive=False)
        self._transport.write_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        self._waiting.remove(self)
