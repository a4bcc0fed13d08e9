"""One connection to a replica: writes a request, reads its response, tells the exchange.

A connection serves one exchange at a time and goes back to the pool only if both messages ended
cleanly and nothing else arrived; bytes that nobody asked for poison it.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Final, cast

import httptools

from kfsim.dataplane.forwarding import UpstreamHead
from kfsim.dataplane.heads import (
    LAST_CHUNK,
    BadHead,
    Framing,
    RawHeader,
    chunk,
    find_plain_head,
)
from kfsim.dataplane.http1.plain import read_plain_response
from kfsim.dataplane.limits import Limits
from kfsim.dataplane.responses import (
    ResponseHead,
    has_no_body,
    interim_fields,
    make_switching_lines,
    parse_response_head,
)
from kfsim.dataplane.upstream import Address, Upstream, UpstreamUser

# Looked up once: a member of an enumeration costs more than most of what is done with it.
_CHUNKED: Final = Framing.CHUNKED
_LENGTH: Final = Framing.LENGTH
_NONE: Final = Framing.NONE
_UNTIL_CLOSE: Final = Framing.UNTIL_CLOSE


class Keeper(ABC):
    """Who keeps idle connections."""

    @abstractmethod
    def keep(self, connection: "UpstreamConnection") -> None:
        """It has nothing to do and is usable."""
        ...

    @abstractmethod
    def forget(self, connection: "UpstreamConnection") -> None:
        """It closed while it had nothing to do."""
        ...

    @abstractmethod
    def distrust(self, address: Address) -> None:
        """A connection to it broke in the middle of its work."""
        ...


class UpstreamConnection(Upstream):
    """A socket to a replica that speaks HTTP/1.1; the `Upstream` of one exchange at a time."""

    def __init__(self, limits: Limits, keeper: Keeper, address: Address) -> None:
        self.address = address
        self.reused = False
        self.answered = False
        self.unprocessed = False
        self._limits = limits
        self._keeper = keeper
        self._transport: asyncio.Transport | None = None
        self._user: UpstreamUser | None = None
        self._parser: Any = None
        self._headers: list[RawHeader] = []
        self._head_bytes = 0
        self._barren_bytes = 0
        self._in_body = False
        self._framing = _NONE
        self._chunked = False
        self._response_ended = False
        self._request_ended = False
        self._stale_parser = True
        self._switching = b""
        self._keep = True
        self._paused = False
        self._latest: ResponseHead | None = None  # the present or the last one
        self._repeated: ResponseHead | None = None
        self._repeated_raw = b""
        self._repeated_size = 0

    # Asked by the exchange and the pool

    @property
    def usable(self) -> bool:
        """Whether a request may be sent on it."""
        return self._transport is not None and not self._transport.is_closing() and self._keep

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
        """See `Upstream`. What has come of the body goes out with the head in one write."""
        self._user = user
        self.answered = False
        self._response_ended = False
        self._request_ended = False
        self._head_bytes = self._barren_bytes = 0
        if self._stale_parser:
            self._stale_parser = False
            self._parser = httptools.HttpResponseParser(self)
        first = head.make(request_id, via_activator=via_activator)
        self._chunked = head.framing is _CHUNKED
        if body:
            parts = [part for data in body for part in chunk(data)] if self._chunked else body
            first = b"".join((first, *parts))
        if ended:
            self._request_ended = True
            if self._chunked:
                first += LAST_CHUNK
        self._write(first)

    def send(self, data: bytes) -> None:
        """See `Upstream`."""
        if self._chunked:
            if self._transport is not None and not self._transport.is_closing():
                self._transport.writelines(chunk(data))
        else:
            self._write(data)

    def end_request(self, trailers: Sequence[RawHeader] = ()) -> None:
        """See `Upstream`. Trailers are dropped."""
        if self._chunked:
            self._write(LAST_CHUNK)
        self._request_ended = True

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def unsent_bytes(self) -> int:
        """See `Upstream`."""
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def pause(self) -> None:
        """Read no more until `resume`."""
        if not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._paused and self._transport is not None:
            self._paused = False
            if not self._transport.is_closing():
                self._transport.resume_reading()

    def leave(self) -> None:
        """See `Upstream`."""
        self._keeper.keep(self)

    def drop(self) -> None:
        """Close at once; the exchange hears nothing more."""
        self._user = None
        self._keep = False
        if self._transport is not None:
            self._transport.abort()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not subclasses of asyncio's.
        transport = self._transport = cast(asyncio.Transport, transport)
        transport.set_write_buffer_limits(high=self._limits.write_high_water)

    def data_received(self, data: bytes) -> None:
        if self._user is None:
            self.drop()
            return
        self.answered = True
        fresh = not self._in_body and self._head_bytes == 0
        if fresh and self._read_at_once(data):
            return
        if self._in_body:
            self._barren_bytes += len(data)
        else:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._switching:
                self._hand_over(data[upgrade.args[0] :])
            else:
                self._fail("it switched protocols unasked")
        except httptools.HttpParserError as error:
            self._fail(f"it sent an invalid response ({error})")
        else:
            if self._response_ended:
                if fresh:
                    self._remember(data)
                self._release()
            elif not self._in_body and self._head_bytes > self._limits.head_bytes:
                self._fail(f"its response head is larger than {self._limits.head_bytes} bytes")
            elif self._barren_bytes > self._limits.head_bytes:
                self._fail("its chunk extensions or trailers do not end")
            elif self._user is not None:
                self._user.response_flush()

    def eof_received(self) -> bool:
        """Whether the transport stays open: it does not, a peer that ends its sending has left."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._keep = False
        user, self._user = self._user, None
        if user is None:
            self._keeper.forget(self)
        elif self._in_body and self._framing is _UNTIL_CLOSE and exc is None:
            user.response_end()
        elif not self._response_ended:
            self._keeper.distrust(self.address)
            user.upstream_lost("it closed the connection before its response was complete")

    def pause_writing(self) -> None:
        if self._user is not None:
            self._user.upstream_full()

    def resume_writing(self) -> None:
        if self._user is not None:
            self._user.upstream_drained()

    # httptools

    def on_message_begin(self) -> None:
        if self._response_ended:
            self._keep = False
        self._headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_body:  # trailers are dropped
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        user = self._user
        if user is None or self._response_ended:
            self._keep = False
            return
        status = self._parser.get_status_code()
        version = self._parser.get_http_version()
        if status < 100 or version not in ("1.1", "1.0"):
            self._fail(f"it answered with status {status:03} in HTTP/{version}")
            return
        if status < 200:
            if status == 101:
                self._begin_switch(user)
            else:
                user.response_interim(status, interim_fields(self._headers))
            return
        try:
            self._check_size()
            head = parse_response_head(user.method, status, self._headers)
            if head.framing is _CHUNKED and version == "1.0":  # RFC 9112 section 6.1
                raise BadHead(502, "the replica answered with Transfer-Encoding in HTTP/1.0")
        except BadHead as error:
            self._fail(error.reason)
            return
        self._in_body = True
        self._latest = head
        self._framing = head.framing
        if not self._parser.should_keep_alive() or head.framing is _UNTIL_CLOSE:
            self._keep = False
        user.response_head(head)
        if has_no_body(user.method, status) and self._user is user:
            self._end_without_body()

    def _check_size(self) -> None:
        """What was received holds more than the head, so it is measured only when it is suspect."""
        limits = self._limits
        if len(self._headers) > limits.headers:
            raise BadHead(502, f"its response has more than {limits.headers} headers")
        most = limits.head_bytes
        if self._head_bytes <= most:
            return
        if sum(len(name) + len(value) for name, value in self._headers) > most:
            raise BadHead(502, f"its response head is larger than {most} bytes")

    def on_body(self, data: bytes) -> None:
        self._barren_bytes = 0
        if self._user is None or self._response_ended:
            self._keep = False
        else:
            self._user.response_body(data)

    def on_message_complete(self) -> None:
        if self._in_body and not self._response_ended and self._user is not None:
            self._end()

    # Inside

    def _read_at_once(self, data: bytes) -> bool:
        """Take a read that is one whole response, its head the one before again or a plain one;
        the parser, which stands between two responses, need not see it."""
        user = self._user
        if user is None:
            return False
        head, raw = self._repeated, self._repeated_raw
        again = len(data) == self._repeated_size and data.startswith(raw)
        if head is None or not again or user.method == b"HEAD":
            plain = read_plain_response(user.method, data)
            if plain is None or plain[1] > self._limits.head_bytes:
                return False
            head, length = plain
            self._repeated, self._repeated_size = head, len(data)
            raw = self._repeated_raw = data[:length]
        self._response_ended = True
        user.response_whole(head, data[len(raw) :])
        self._release()
        return True

    def _remember(self, data: bytes) -> None:
        """Know the head of a response that was just read whole, in one read, when it repeats."""
        head = self._latest
        self._repeated = None
        if head is None or head.framing is not _LENGTH or not self._keep:
            return
        raw = find_plain_head(data, len(self._headers))
        if raw and len(raw) + head.content_length == len(data):
            self._repeated, self._repeated_raw, self._repeated_size = head, raw, len(data)

    def _begin_switch(self, user: UpstreamUser) -> None:
        """A 101; the parser stops behind it."""
        if not user.upgrade:
            self._fail("it switched protocols unasked")
            return
        try:
            self._switching = make_switching_lines(user.upgrade, self._headers)
        except BadHead as error:
            self._fail(error.reason)

    def _hand_over(self, rest: bytes) -> None:
        """Give the transport away, for good."""
        user, transport = self._user, self._transport
        self._user = self._transport = None
        self._keep = False
        assert user is not None  # a 101 nobody asked for has failed
        assert transport is not None  # something was just read
        user.response_switch(self._switching, transport, rest)

    def _end_without_body(self) -> None:
        # The parser would wait for the body that Content-Length announces.
        self._stale_parser = True
        self._end()

    def _end(self) -> None:
        # Released after this read only: the rest of it may hold bytes that poison the connection.
        self._response_ended = True
        self._in_body = False
        if self._user is not None:
            self._user.response_end()

    def _release(self) -> None:
        self._user = None
        if self.usable and self._request_ended:
            self.resume()
            self._keeper.keep(self)
        else:
            self.drop()

    def _fail(self, reason: str) -> None:
        user = self._user
        self.drop()
        if user is not None:
            user.upstream_lost(reason)
