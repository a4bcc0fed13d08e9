"""One request of an HTTP/2 client: the Downstream of its exchange, written to its stream."""

import asyncio
from collections.abc import Sequence

from kfsim.dataplane.answers import Answer
from kfsim.dataplane.downstream import Downstream
from kfsim.dataplane.exchange import Exchange
from kfsim.dataplane.heads import RawHeader, split_lines
from kfsim.dataplane.http2.errors import ErrorCode
from kfsim.dataplane.http2.fields import lowered, response_fields
from kfsim.dataplane.http2.grpc import status_fields
from kfsim.dataplane.http2.header_blocks import BlockEncoder
from kfsim.dataplane.http2.link import Link
from kfsim.dataplane.http2.stream import Stream
from kfsim.dataplane.responses import ResponseHead
from kfsim.dataplane.tunnel import Tunnel

_DEADLINE_EXCEEDED = Answer(504, "the request's own deadline (grpc-timeout) is over\n")


class ClientRequest(Downstream):
    """The head of the response waits until more is known: it may be the whole response, as it is
    where gRPC answers with trailers only."""

    __slots__ = (
        "_bodiless",
        "_deadline",
        "_encoder",
        "_grpc",
        "_head",
        "_link",
        "exchange",
        "stream",
    )

    stream: Stream

    def __init__(
        self, link: Link, encoder: BlockEncoder, *, method: bytes = b"", grpc: bool = False
    ) -> None:
        """`stream` and `exchange` are set once they are there."""
        self._link = link
        self._bodiless = method == b"HEAD"
        self._encoder = encoder
        self._grpc = grpc
        self._head = b""
        self._deadline: asyncio.TimerHandle | None = None
        self.exchange: Exchange | None = None

    def expire_in(self, seconds: float) -> None:
        """Answer by DEADLINE_EXCEEDED if nothing has come by then."""
        self._deadline = asyncio.get_running_loop().call_later(seconds, self._expire)

    def _expire(self) -> None:
        self._deadline = None
        exchange = self.exchange
        if exchange is not None and not exchange.answered:
            exchange.answer(_DEADLINE_EXCEEDED)

    def lost(self) -> None:
        """The client has broken it off."""
        exchange = self._over()
        if exchange is not None:
            exchange.client_lost()

    def _over(self) -> Exchange | None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        exchange, self.exchange = self.exchange, None
        return exchange

    # Downstream

    def interim(self, status: int, fields: Sequence[RawHeader]) -> None:
        block = self._encoder.encode([(b":status", b"%d" % status), *lowered(fields)])
        self._link.send_headers(self.stream, block)

    def begin_response(self, head: ResponseHead, added: bytes) -> None:
        self._head = self._encode(head, added)

    def _encode(self, head: ResponseHead, added: bytes) -> bytes:
        """The head's block; kept, because a head that repeats is the same object."""
        if head.block_with != added or not head.block:
            head.block = self._encoder.encode_once(response_fields(head, split_lines(added)))
            head.block_with = added
        return head.block

    def send_response(self, data: bytes) -> None:
        self.flush_response()
        self._link.send_data(self.stream, data)

    def flush_response(self) -> None:
        if self._head:
            head, self._head = self._head, b""
            self._link.send_headers(self.stream, head)

    def end_response(self, trailers: Sequence[RawHeader] = ()) -> None:
        self._over()
        if self._head and not trailers:
            head, self._head = self._head, b""
            self._link.send_headers(self.stream, head, end=True)
        else:
            self.flush_response()
            self._link.send_end(self.stream, self._encoder.encode(trailers) if trailers else b"")
        self._link.abandon(self.stream)

    def whole_response(self, head: ResponseHead, added: bytes, body: bytes) -> None:
        self._over()
        self._link.send_headers(self.stream, self._encode(head, added), end=not body)
        if body:
            self._link.send_last(self.stream, body)
        self._link.abandon(self.stream)

    def answer(self, answer: Answer) -> None:
        self._over()
        if self._grpc:
            block = self._encoder.encode_once(status_fields(answer))
            self._link.send_headers(self.stream, block, end=True)
        else:
            body = answer.text.encode()
            fields = [
                (b":status", b"%d" % answer.status),
                (b"content-type", b"text/plain; charset=utf-8"),
                (b"x-content-type-options", b"nosniff"),
                (b"content-length", b"%d" % len(body)),
                *lowered(answer.fields),
            ]
            bodiless = self._bodiless or not body
            block = self._encoder.encode_once(fields)
            self._link.send_headers(self.stream, block, end=bodiless)
            if not bodiless:
                self._link.send_last(self.stream, body)
        self._link.abandon(self.stream)

    def switch(self, head: bytes, tunnel: Tunnel) -> None:
        self.abort()  # no request of HTTP/2 asks for it

    def abort(self) -> None:
        self._over()
        self._link.reset(self.stream, ErrorCode.INTERNAL_ERROR)

    def pause_request(self) -> None:
        self._link.pause(self.stream)

    def resume_request(self) -> None:
        self._link.resume(self.stream)
