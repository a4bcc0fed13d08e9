"""A client's HTTP/2 connection: each stream is one exchange, routed and counted on its own."""

import asyncio
from collections.abc import Sequence
from typing import Final, cast

from kfsim.base.types import ServiceName
from kfsim.dataplane.answers import Answer, make_not_found
from kfsim.dataplane.connections import OpenConnections
from kfsim.dataplane.exchange import Exchange
from kfsim.dataplane.forwarding import ForwardingHeaders
from kfsim.dataplane.heads import BadHead, Framing, RawHeader
from kfsim.dataplane.http1.incoming import Incoming
from kfsim.dataplane.http2 import frames
from kfsim.dataplane.http2.errors import ConnectionFault, ErrorCode, StreamFault
from kfsim.dataplane.http2.fields import read_request, read_trailers
from kfsim.dataplane.http2.grpc import is_grpc, timeout_of
from kfsim.dataplane.http2.header_blocks import MOST_REMEMBERED
from kfsim.dataplane.http2.link import Link
from kfsim.dataplane.http2.request import ClientRequest
from kfsim.dataplane.http2.stream import Stream
from kfsim.dataplane.plane import Plane
from kfsim.dataplane.refusals import Refusal
from kfsim.dataplane.requests import RequestHead
from kfsim.dataplane.rest import Rest

_PING_AFTER: Final = 60.0
"""Seconds without a byte from a client with open streams, before it is asked whether it lives."""
_PING_PATIENCE: Final = 20.0


class ClientLink(Link):
    """Accepts streams until it is told to leave."""

    def __init__(
        self, plane: Plane, connections: OpenConnections, service: ServiceName | None
    ) -> None:
        pool = plane.http2_pool
        super().__init__(
            limits=plane.limits,
            clock=plane.clock,
            refusals=plane.refusals,
            encoder=pool.encoder,
            flusher=pool.flusher,
            server=True,
        )
        self._plane = plane
        self._connections = connections
        self._service = service
        self._preface = frames.PREFACE
        self._known: dict[int, tuple[tuple[RawHeader, ...], bool, Incoming, float]] = {}
        """By the identity of decoded fields, which are kept so that they stay what they are."""
        self._rest = Rest()
        self._pinged = False

    # The connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        peer = transport.get_extra_info("peername")
        self._forwarding = ForwardingHeaders(peer[0] if isinstance(peer, tuple) else "unknown")
        self._connections.add(self)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self._pinged = False
        if self._preface:
            data = self._take_preface(self._received + data)
        if data:
            super().data_received(data)

    def pause_writing(self) -> None:
        """A client that does not take its answers is not asked for more requests."""
        super().pause_writing()
        self._transport.pause_reading()
        self._note_stuck()

    def resume_writing(self) -> None:
        if not self._transport.is_closing():
            self._transport.resume_reading()
        super().resume_writing()
        self._note_stuck()

    def _take_preface(self, data: bytes) -> bytes:
        """What follows it; who sends another one is no client of HTTP/2."""
        self._received = b""
        if data.startswith(self._preface):
            data, self._preface = data[len(self._preface) :], b""
            return data
        if self._preface.startswith(data):
            self._received = data
        else:
            self._fail(ErrorCode.PROTOCOL_ERROR, "the connection preface is not HTTP/2's")
        return b""

    def close_when_idle(self) -> None:
        """See `Closable`."""
        self.leave()
        self._close_if_left()

    def close_now(self) -> None:
        self._transport.abort()

    def look(self, now: float) -> None:
        """See `Closable`: close a connection that rests, or whose client has gone silently."""
        seconds = self._rest.seconds(self._reads, now)
        if self._over:
            return
        if self._block_stream or self._received or self._preface:
            if seconds > self._limits.head_timeout:
                self._refusals.note(Refusal.SLOW_HEAD)
                self._fail(ErrorCode.ENHANCE_YOUR_CALM, "a frame took too long")
        elif not self._streams:
            if seconds > self._limits.idle_timeout:
                self._refusals.note(Refusal.IDLE)
                self.close_when_idle()
        elif self._pinged:
            if seconds > _PING_AFTER + _PING_PATIENCE:
                self._transport.abort()
        elif seconds > _PING_AFTER:
            self._pinged = True
            self._emit(frames.make_ping(b"kfsim   ", ack=False))

    def loose_bytes(self) -> int:
        return len(self._received) + self._block_bytes

    def open_streams(self) -> int:
        return len(self._streams)

    def start_upgraded(self, head: RequestHead, settings: bytes) -> None:
        """Begin with the request that asked for the upgrade as stream 1 (RFC 7540 section 3.2)."""
        self._flusher.enter()
        try:
            self.apply_settings(settings)
            self._newest = self._accepted = 1
            self._begin(1, Incoming(head), 0.0, ended=True)
        except ConnectionFault as fault:
            self._fail(fault.code, fault.reason)
        finally:
            self._flusher.leave()

    # Streams

    def _headers(
        self, stream_id: int, stream: Stream | None, fields: tuple[RawHeader, ...], *, ended: bool
    ) -> None:
        if stream is not None:
            if not ended:
                raise StreamFault(ErrorCode.PROTOCOL_ERROR, "trailers must end the stream")
            self._end_remote(stream, read_trailers(fields))
            return
        if stream_id % 2 == 0:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "clients open odd streams")
        if stream_id <= self._newest:
            raise ConnectionFault(ErrorCode.STREAM_CLOSED, "HEADERS on a closed stream")
        self._newest = stream_id
        if self._leaving:
            raise StreamFault(ErrorCode.REFUSED_STREAM, "the connection is about to close")
        self._accepted = stream_id
        if len(self._streams) >= self._limits.max_streams:
            self._refusals.note(Refusal.STREAMS)
            raise StreamFault(ErrorCode.REFUSED_STREAM, "too many streams are open")
        try:
            incoming, timeout = self._incoming(fields, ended=ended)
        except BadHead as error:
            self._refuse(stream_id, Answer(error.status, error.reason + "\n"), ended=ended)
            return
        self._begin(stream_id, incoming, timeout, ended=ended)

    def _incoming(self, fields: tuple[RawHeader, ...], *, ended: bool) -> tuple[Incoming, float]:
        """The request and its gRPC timeout; the same again for the same fields."""
        known = self._known.get(id(fields))
        if known is not None and known[1] is ended:
            return known[2], known[3]
        if len(fields) > self._limits.headers:
            self._refusals.note(Refusal.HEADER_COUNT)
            raise BadHead(431, f"more than {self._limits.headers} headers")
        head = read_request(fields, ended=ended)
        head.grpc = is_grpc(head)
        incoming, timeout = Incoming(head), timeout_of(head)
        if self._decoder.remembered:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            self._known[id(fields)] = (fields, ended, incoming, timeout)
        return incoming, timeout

    def _begin(self, stream_id: int, incoming: Incoming, timeout: float, *, ended: bool) -> None:
        head = incoming.head
        assert head is not None  # only what was read comes here
        plane = self._plane
        request = ClientRequest(self, plane.http2_pool.encoder, method=head.method, grpc=head.grpc)
        stream = request.stream = self._open(stream_id, request)
        stream.remote_ended = ended
        if head.framing is Framing.LENGTH and not ended:
            stream.expected = head.content_length
        exchange = request.exchange = Exchange(plane, request, head)
        if ended:
            exchange.request_end()
        if timeout:
            request.expire_in(timeout)
        incoming.resolve(plane.router, self._service, self._forwarding)
        if incoming.route is not None and incoming.upstream_head is not None:
            exchange.start(incoming.route, incoming.upstream_head)
        else:
            known = plane.router.known_hosts()
            exchange.answer(make_not_found(head.host or b"", incoming.target, known, plane.api))

    def _refuse(self, stream_id: int, answer: Answer, *, ended: bool) -> None:
        """Answer what has no usable head."""
        request = ClientRequest(self, self._plane.http2_pool.encoder)
        stream = request.stream = self._open(stream_id, request)
        stream.remote_ended = ended
        request.answer(answer)

    def _data(self, stream: Stream, data: bytes) -> None:
        exchange = cast(ClientRequest, stream.owner).exchange
        if exchange is not None:
            exchange.request_body(data)

    def _ended(self, stream: Stream, trailers: Sequence[RawHeader]) -> None:
        exchange = cast(ClientRequest, stream.owner).exchange
        if exchange is not None:
            exchange.request_end(trailers)

    def _lost(self, stream: Stream, reason: str, *, unprocessed: bool) -> None:
        cast(ClientRequest, stream.owner).lost()

    def _full(self, stream: Stream) -> None:
        self._note_stuck()
        exchange = cast(ClientRequest, stream.owner).exchange
        if exchange is not None:
            exchange.client_full()

    def _drained(self, stream: Stream) -> None:
        self._note_stuck()
        exchange = cast(ClientRequest, stream.owner).exchange
        if exchange is not None:
            exchange.client_drained()

    def _note_stuck(self) -> None:
        stuck = sum(stream.queued for stream in self._streams.values() if stream.full)
        if self._blocked:
            stuck += self._transport.get_write_buffer_size()
        self._plane.buffered.note(self, stuck)

    def _forgotten(self) -> None:
        self._close_if_left()

    def _close_if_left(self) -> None:
        if self._leaving and not self._streams and not self._over:
            self._over = True
            self._outgoing.flush()
            self._transport.close()

    def _gone(self) -> None:
        self._connections.remove(self)
        self._plane.buffered.note(self, 0)
