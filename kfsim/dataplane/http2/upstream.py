"""Connections to replicas that speak HTTP/2, each with many requests at once."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Final, cast

from kfsim.base.clock import Clock
from kfsim.dataplane.forwarding import UpstreamHead
from kfsim.dataplane.heads import Framing, RawHeader
from kfsim.dataplane.http2.errors import ConnectionFault, ErrorCode, StreamFault
from kfsim.dataplane.http2.fields import read_response, read_status, read_trailers
from kfsim.dataplane.http2.flusher import Flusher
from kfsim.dataplane.http2.header_blocks import MOST_REMEMBERED, BlockEncoder, make_literal
from kfsim.dataplane.http2.link import Link
from kfsim.dataplane.http2.stream import Stream
from kfsim.dataplane.http2.windows import LARGEST
from kfsim.dataplane.limits import Limits
from kfsim.dataplane.refusals import Refusals
from kfsim.dataplane.responses import ResponseHead, interim_fields
from kfsim.dataplane.upstream import Address, Upstream, UpstreamUser

_STREAMS_BEFORE_SETTINGS: Final = 100
_LONGEST_LITERAL: Final = 126
_VIA_ACTIVATOR: Final = make_literal(b"k-proxy-request", b"activator")


class LinkKeeper(ABC):
    """Who keeps the connections."""

    @abstractmethod
    def forget(self, link: "ReplicaLink") -> None:
        """It takes no more requests."""


class ReplicaLink(Link):
    """A connection to one replica."""

    def __init__(
        self,
        address: Address,
        keeper: LinkKeeper,
        *,
        limits: Limits,
        clock: Clock,
        refusals: Refusals,
        encoder: BlockEncoder,
        flusher: Flusher,
    ) -> None:
        super().__init__(
            limits=limits,
            clock=clock,
            refusals=refusals,
            encoder=encoder,
            flusher=flusher,
            server=False,
        )
        self.address = address
        self._keeper = keeper
        self._settled = False
        self._known: dict[int, tuple[tuple[RawHeader, ...], bool, ResponseHead]] = {}

    @property
    def usable(self) -> bool:
        """Whether a request may be sent on it now."""
        if self._over or self._leaving or self._newest > LARGEST - 2:
            return False
        most = self._peer.max_streams
        if not self._settled and most > _STREAMS_BEFORE_SETTINGS:
            most = _STREAMS_BEFORE_SETTINGS
        return len(self._streams) < most

    @property
    def idle(self) -> bool:
        return not self._streams

    def retire(self) -> None:
        """Take no more requests; close when the last one has ended."""
        self.leave()
        self._close_if_left()

    def close_now(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def begin(
        self, owner: "ReplicaStream", block: bytes, body: Sequence[bytes], *, ended: bool
    ) -> Stream:
        """Open a stream with a request's head and what has come of its body."""
        stream_id = self._newest = self._newest + 2 if self._newest else 1
        stream = self._open(stream_id, owner)
        self.send_headers(stream, block, end=ended and not body)
        if body:
            data = body[0] if len(body) == 1 else b"".join(body)
            if ended:
                self.send_last(stream, data)
            else:
                self.send_data(stream, data)
        return stream

    def encode_head(self, head: UpstreamHead, request_id: bytes, *, via_activator: bool) -> bytes:
        block = head.block
        if not block:
            block = head.block = self._encoder.encode_once(head.fields())
        if len(request_id) <= _LONGEST_LITERAL:
            block += make_literal(b"x-request-id", request_id)
        else:
            block += self._encoder.encode_once([(b"x-request-id", request_id)])
        return block + _VIA_ACTIVATOR if via_activator else block

    def encode(self, fields: Sequence[RawHeader]) -> bytes:
        return self._encoder.encode(fields)

    # From the connection

    def apply_settings(self, payload: bytes) -> None:
        self._settled = True
        super().apply_settings(payload)

    def _take_goaway(self, last_stream: int, reason: str) -> None:
        self._leaving = True
        self._keeper.forget(self)
        self._lose_all(reason, after=last_stream, unprocessed=True)
        self._close_if_left()

    def _headers(
        self, stream_id: int, stream: Stream | None, fields: tuple[RawHeader, ...], *, ended: bool
    ) -> None:
        if stream is None:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "HEADERS on a stream that is not open")
        owner = cast(ReplicaStream, stream.owner)
        user = owner.user
        if owner.headed:
            if not ended:
                raise StreamFault(ErrorCode.PROTOCOL_ERROR, "trailers must end the stream")
            self._end_remote(stream, read_trailers(fields))
            return
        owner.answered = True
        head = self._read_head(owner, fields, ended=ended)
        if head is None:
            return
        owner.headed = True
        if head.framing is Framing.LENGTH:
            stream.expected = head.content_length
        elif head.framing is Framing.NONE:
            stream.expected = 0  # HEAD, 204 and 304 have no body, whatever comes
        user.response_head(head)
        if ended:
            self._end_remote(stream, ())
        else:
            user.response_flush()

    def _read_head(
        self, owner: "ReplicaStream", fields: tuple[RawHeader, ...], *, ended: bool
    ) -> ResponseHead | None:
        """None for an interim response, which was handed over."""
        known = self._known.get(id(fields))
        bodiless = owner.user.method == b"HEAD"
        if known is not None and known[1] is ended and not bodiless:
            return known[2]
        status, regular = read_status(fields)
        if status < 200:
            if ended:
                raise StreamFault(ErrorCode.PROTOCOL_ERROR, "an interim response ends nothing")
            owner.user.response_interim(status, interim_fields(regular))
            return None
        head = read_response(owner.user.method, status, regular, ended=ended)
        if not bodiless and self._decoder.remembered:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            self._known[id(fields)] = (fields, ended, head)
        return head

    def _data(self, stream: Stream, data: bytes) -> None:
        owner = cast(ReplicaStream, stream.owner)
        if not owner.headed:
            raise StreamFault(ErrorCode.PROTOCOL_ERROR, "DATA before HEADERS")
        owner.user.response_body(data)

    def _ended(self, stream: Stream, trailers: Sequence[RawHeader]) -> None:
        owner = cast(ReplicaStream, stream.owner)
        if not owner.headed:
            raise StreamFault(ErrorCode.PROTOCOL_ERROR, "a response without a head")
        owner.user.response_end(trailers)

    def _lost(self, stream: Stream, reason: str, *, unprocessed: bool) -> None:
        owner = cast(ReplicaStream, stream.owner)
        owner.unprocessed = unprocessed
        owner.user.upstream_lost(reason)

    def _full(self, stream: Stream) -> None:
        cast(ReplicaStream, stream.owner).user.upstream_full()

    def _drained(self, stream: Stream) -> None:
        cast(ReplicaStream, stream.owner).user.upstream_drained()

    def _forgotten(self) -> None:
        self._close_if_left()

    def _close_if_left(self) -> None:
        if self._leaving and not self._streams and not self._over:
            self._over = True
            self._outgoing.flush()
            self._transport.close()

    def _gone(self) -> None:
        self._keeper.forget(self)


class ReplicaStream(Upstream):
    """One request on such a connection; the stream is opened when the request begins."""

    __slots__ = (
        "_link",
        "_stream",
        "address",
        "answered",
        "headed",
        "reused",
        "unprocessed",
        "user",
    )

    user: UpstreamUser

    def __init__(self, link: ReplicaLink, *, reused: bool) -> None:
        self._link = link
        self._stream: Stream | None = None
        self.address = link.address
        self.reused = reused
        self.answered = False
        self.unprocessed = False
        self.headed = False

    def begin(
        self,
        user: UpstreamUser,
        head: UpstreamHead,
        request_id: bytes,
        *,
        via_activator: bool,
        body: Sequence[bytes],
        ended: bool,
    ) -> None:
        """See `Upstream`."""
        self.user = user
        link = self._link
        if not link.usable:  # it has left between being chosen and now
            self.unprocessed = True
            asyncio.get_running_loop().call_soon(user.upstream_lost, "the connection has closed")
            return
        block = link.encode_head(head, request_id, via_activator=via_activator)
        self._stream = link.begin(self, block, body, ended=ended)

    def send(self, data: bytes) -> None:
        if self._stream is not None:
            self._link.send_data(self._stream, data)

    def end_request(self, trailers: Sequence[RawHeader] = ()) -> None:
        if self._stream is not None:
            block = self._link.encode(trailers) if trailers else b""
            self._link.send_end(self._stream, block)

    def pause(self) -> None:
        if self._stream is not None:
            self._link.pause(self._stream)

    def resume(self) -> None:
        if self._stream is not None:
            self._link.resume(self._stream)

    def unsent_bytes(self) -> int:
        return self._stream.queued if self._stream is not None else 0

    def leave(self) -> None:
        """No stream was opened for it."""

    def drop(self) -> None:
        if self._stream is not None:
            self._link.reset(self._stream, ErrorCode.CANCEL)
