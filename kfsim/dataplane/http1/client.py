"""One HTTP/1.1 client connection: parses requests, runs them one after the other.

httptools hands over everything that one read holds, so requests that a client pipelined are kept
until their turn; reading pauses when they are many. While a request waits or runs, reading stays
on (up to a bound), because that is how a client's disconnect is noticed. A client that closes its
sending side counts as gone, as for Go's server in front of Knative's queue-proxy.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, cast

from kfsim.base.types import ServiceName
from kfsim.dataplane.answers import Answer, make_not_found
from kfsim.dataplane.connections import OpenConnections
from kfsim.dataplane.exchange import Exchange
from kfsim.dataplane.forwarding import ForwardingHeaders
from kfsim.dataplane.heads import Framing, RawHeader
from kfsim.dataplane.http1.client_writer import ClientWriter
from kfsim.dataplane.http1.incoming import Incoming
from kfsim.dataplane.http1.lingering import close_lingering
from kfsim.dataplane.http1.plain import has_whole_body, read_plain_request
from kfsim.dataplane.http1.reading import ReadingSwitch, Reason
from kfsim.dataplane.http1.request_reader import RequestReader
from kfsim.dataplane.http2.server import ClientLink
from kfsim.dataplane.http2.settings import decode_settings
from kfsim.dataplane.plane import Plane
from kfsim.dataplane.refusals import Refusal
from kfsim.dataplane.requests import RequestHead
from kfsim.dataplane.responses import ResponseHead
from kfsim.dataplane.rest import Rest
from kfsim.dataplane.tunnel import Tunnel

_SWITCHING: Final = (
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
)


class ClientConnection(RequestReader):
    """A client's socket; the Downstream of the exchange that it runs at present."""

    def __init__(
        self,
        plane: Plane,
        connections: OpenConnections,
        service: ServiceName | None,
        *,
        make_http2: Callable[[], ClientLink] | None = None,
    ) -> None:
        """`make_http2` makes who goes on where a client asks for HTTP/2."""
        super().__init__(plane)
        self._connections = connections
        self._service = service
        self._make_http2 = make_http2
        self._upgrading: RequestHead | None = None
        self._receiving: Incoming | None = None
        self._latest: Incoming | None = None
        self._repeated: Incoming | None = None
        self._present: Incoming | None = None
        self._exchange: Exchange | None = None
        self._backlog: deque[Incoming] = deque()
        self._backlog_bytes = 0
        self._discarded = 0
        self._advancing = False
        self._last_request = False
        self._full = False
        # What came behind a request to switch protocols, while nobody knows in which one it is.
        self._held: bytearray | None = None
        self._requests = 0
        self._rest = Rest()

    def _forget_latest(self) -> None:
        self._latest = None

    def close_when_idle(self) -> None:
        """Close now, or after the request that runs at present."""
        self._last_request = True
        if self._present is None and not self._backlog:
            self._transport.close()

    def close_now(self) -> None:
        self._transport.abort()

    def look(self, now: float) -> None:
        """Close it when a head takes too long, or the rest of a body whose request is answered,
        or none has begun for long."""
        busy, in_body = self._exchange is not None, self._present is not None
        in_head = self._head_bytes > 0 or self._head_begun
        seconds = self._rest.seconds((self._requests, busy, in_body, in_head), now)
        if busy or self._stopped:
            return
        limits = self._plane.limits
        if in_body:
            if seconds > limits.head_timeout:
                self._leave_unread()
        elif not in_head:
            if seconds > limits.idle_timeout:
                self._plane.refusals.note(Refusal.IDLE)
                self._transport.close()
        elif seconds > limits.head_timeout:
            self._plane.refusals.note(Refusal.SLOW_HEAD)
            self._refuse(408, f"the request head took more than {limits.head_timeout:g} s")

    def loose_bytes(self) -> int:
        """See `buffered.Holder`."""
        held = self._head_bytes + len(self._held or b"")
        if self._backlog_bytes <= self._plane.limits.buffered_bytes:
            held += self._backlog_bytes
        if not self._full:
            held += self._transport.get_write_buffer_size()
        return held + (self._exchange.unsent_bytes() if self._exchange is not None else 0)

    def open_streams(self) -> int:
        return 0

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not subclasses of asyncio's.
        transport = self._transport = cast(asyncio.Transport, transport)
        transport.set_write_buffer_limits(high=self._plane.limits.write_high_water)
        peer = transport.get_extra_info("peername")
        self._writer = ClientWriter(transport)
        self._reading = ReadingSwitch(transport)
        self._forwarding = ForwardingHeaders(peer[0] if isinstance(peer, tuple) else "unknown")
        self._connections.add(self)

    def data_received(self, data: bytes) -> None:
        if self._stopped:
            return
        if self._held is not None:
            self._hold(data)
            return
        # Between two requests, with nothing left to do and nothing read of the next one, be it by
        # a read that held the end of an earlier one.
        idle = (
            self._present is None
            and self._head_bytes == 0
            and not self._head_begun
            and not self._backlog
        )
        if idle and self._read_at_once(data):
            return
        self._forget_latest()
        if self._backlog or (self._present is not None and self._present.complete):
            self._backlog_bytes += len(data)
        self._read(data)
        if idle and self._latest is not None:
            remembered = self._latest.remember(data, len(self._headers))
            self._repeated = self._latest if remembered else None
        if self._in_head and self._head_bytes > self._plane.limits.head_bytes and not self._stopped:
            self._plane.refusals.note(Refusal.HEAD_SIZE)
            self._refuse(431, f"the request head exceeds {self._plane.limits.head_bytes} bytes")
        if self._backlog_bytes > self._plane.limits.buffered_bytes:
            self._reading.stop(Reason.BACKLOG)
            self._note_stuck()

    def eof_received(self) -> bool:
        """Whether the transport stays open: it does not, a peer that ends its sending has left."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._stopped = True
        self._connections.remove(self)
        self._backlog.clear()
        self._plane.buffered.note(self, 0)
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.client_lost()

    def pause_writing(self) -> None:
        self._full = True
        self._note_stuck()
        if self._exchange is not None:
            self._exchange.client_full()

    def resume_writing(self) -> None:
        self._full = False
        self._note_stuck()
        if self._exchange is not None:
            self._exchange.client_drained()

    # What was read

    def _take_head(self, head: RequestHead) -> None:
        if head.http2_settings is not None and self._present is None and not self._backlog:
            self._upgrading = head  # goes on behind the message's end
            return
        incoming = self._receiving = self._latest = Incoming(head)
        self._backlog.append(incoming)
        self._advance()

    def _take_body(self, data: bytes) -> None:
        receiving = self._receiving
        if receiving is None:
            return
        if receiving is not self._present:
            receiving.body.append(data)
        elif self._exchange is not None:
            self._exchange.request_body(data)
        else:
            self._discard(data)

    def _take_end(self) -> None:
        receiving, self._receiving = self._receiving, None
        if receiving is None:
            return
        receiving.complete = True
        if receiving is self._present:
            if self._exchange is not None:
                self._exchange.request_end()
            else:
                self._leave_present()

    def _take_rest(self, rest: bytes) -> bytes | None:
        """In the new protocol if the replica agrees, and the next request if it does not, or was
        not asked (RFC 9110 section 7.8)."""
        if self._upgrading is not None:
            return self._go_on_in_http2(self._upgrading, rest)
        latest = self._latest
        asked = latest is not None and latest.head is not None and latest.head.upgrade
        if asked and (latest is self._present or latest in self._backlog):
            self._held = bytearray(rest)
            return b""
        return None

    # Downstream

    def interim(self, status: int, fields: Sequence[RawHeader]) -> None:
        if self._present is not None and self._present.head is not None:
            self._present.head.expects_continue = False
            if self._present.head.http11:
                self._writer.interim(status, fields)

    def begin_response(self, head: ResponseHead, added: bytes) -> None:
        self._writer.begin(self._request_head(), head, added, keep_alive=self._may_stay())

    def send_response(self, data: bytes) -> None:
        self._writer.body(data)

    def flush_response(self) -> None:
        self._writer.flush()

    def end_response(self, trailers: Sequence[RawHeader] = ()) -> None:
        self._exchange = None
        self._writer.end()
        self._end_exchange()

    def whole_response(self, head: ResponseHead, added: bytes, body: bytes) -> None:
        self._exchange = None
        may_stay = self._may_stay()
        self._writer.whole(self._request_head(), head, added, body, keep_alive=may_stay)
        self._end_exchange()

    def answer(self, answer: Answer) -> None:
        self._exchange = None
        self._writer.answer(self._request_head(), answer, keep_alive=self._may_stay())
        self._end_exchange()

    def switch(self, head: bytes, tunnel: Tunnel) -> None:
        self._stopped = True
        self._exchange = self._present = None
        held = bytes(self._held or b"")
        self._reading.go(Reason.BACKLOG | Reason.REQUEST)
        self._plane.buffered.note(self, 0)
        self._writer.write(head)
        tunnel.open(self._transport, self._connections, held)
        self._connections.remove(self)

    def abort(self) -> None:
        self._exchange = None
        self._stopped = True
        self._transport.abort()

    def pause_request(self) -> None:
        self._reading.stop(Reason.REQUEST)

    def resume_request(self) -> None:
        self._reading.go(Reason.REQUEST)

    # Inside

    def _read_at_once(self, data: bytes) -> bool:
        """Take a read that is one whole request, the one before again or with a plain head; the
        parser, which stands between two requests, need not see it."""
        repeated = self._repeated
        if repeated is not None and repeated.repeats(data):
            self._run(repeated)
            return True
        limits = self._plane.limits
        plain = read_plain_request(data, most_headers=limits.headers)
        if plain is None:
            return False
        head, length = plain
        if length > limits.head_bytes or not has_whole_body(head, length, data):
            return False
        incoming = self._repeated = Incoming(head)
        incoming.remember_plain(data, length)
        self._run(incoming)
        return True

    def _note_stuck(self) -> None:
        """Tell how much is kept beyond the connection's share."""
        size = self._transport.get_write_buffer_size() if self._full else 0
        if self._backlog_bytes > self._plane.limits.buffered_bytes:
            size += self._backlog_bytes
        self._plane.buffered.note(self, size)

    def _go_on_in_http2(self, head: RequestHead, rest: bytes) -> bytes:
        """Give the connection away, with the request as its first stream."""
        self._upgrading = None
        settings = decode_settings(head.http2_settings or b"")
        if self._make_http2 is None or settings is None:
            self._backlog.append(Incoming(head))
            self._backlog[-1].complete = True
            self._begin_again(rest)
            self._advance()
            return rest
        self._stopped = True
        self._writer.write(_SWITCHING)
        link = self._make_http2()
        self._transport.set_protocol(cast(asyncio.Protocol, link))
        link.connection_made(self._transport)
        self._connections.remove(self)
        link.start_upgraded(head, settings)
        if rest:
            link.data_received(rest)
        return b""

    def _hold(self, data: bytes) -> None:
        assert self._held is not None
        self._held += data
        if len(self._held) > self._plane.limits.buffered_bytes:
            self._reading.stop(Reason.BACKLOG)

    def _let_go(self) -> None:
        """The replica did not switch: what came meanwhile is the next request."""
        held, self._held = self._held, None
        self._reading.go(Reason.BACKLOG)
        self._new_parser()
        if held:
            self.data_received(bytes(held))

    def _refuse(self, status: int, reason: str) -> None:
        """Nothing after this point can be read; answer when those before are answered."""
        if self._stopped:
            return
        self._stopped = True
        refusal = Answer(status, reason + "\n")
        receiving, self._receiving = self._receiving, None
        if receiving is not None and receiving is self._present:
            self._last_request = True
            if self._exchange is None:
                self._transport.close()
            elif self._writer.begun:
                self._give_up(self._exchange)
            else:
                self._exchange.answer(refusal)
            return
        if receiving is not None and self._backlog and self._backlog[-1] is receiving:
            self._backlog.pop()
        self._backlog.append(Incoming(None, refusal))
        self._advance()

    def _give_up(self, exchange: Exchange) -> None:
        self.abort()
        exchange.client_lost()

    def _advance(self) -> None:
        """Run what has been read, one request at a time, without recursion."""
        if self._advancing:
            return
        self._advancing = True
        try:
            while self._present is None and self._backlog and not self._transport.is_closing():
                self._run(self._backlog.popleft())
        finally:
            self._advancing = False
        if not self._backlog and self._backlog_bytes:
            self._backlog_bytes = 0
            if self._reading.paused:
                self._reading.go(Reason.BACKLOG)
                self._note_stuck()

    def _run(self, incoming: Incoming) -> None:
        self._present = incoming
        self._requests += 1
        self._discarded = 0
        head = incoming.head
        if head is None:
            self._last_request = True
            incoming.complete = True
            if incoming.refusal is not None:
                self._plane.counters.refuse(incoming.refusal.status)
                self.answer(incoming.refusal)
            return
        exchange = self._exchange = Exchange(self._plane, self, head)
        if self._full:
            exchange.client_full()
        # Before it starts, so that what has come of the body goes out together with the head.
        if incoming.body:
            for data in incoming.body:
                exchange.request_body(data)
            incoming.body.clear()
        if incoming.complete:
            exchange.request_end()
        incoming.resolve(self._plane.router, self._service, self._forwarding)
        if incoming.route is not None and incoming.upstream_head is not None:
            exchange.start(incoming.route, incoming.upstream_head)
        else:
            known = self._plane.router.known_hosts()
            exchange.answer(
                make_not_found(head.host or b"", incoming.target, known, self._plane.api)
            )

    def _request_head(self) -> RequestHead | None:
        return self._present.head if self._present is not None else None

    def _may_stay(self) -> bool:
        """Whether the connection can carry another request after this one."""
        head = self._request_head()
        if head is None or self._last_request or not head.keep_alive:
            return False
        # A client that still waits for 100 Continue will not send the body that was announced.
        complete = self._present is not None and self._present.complete
        return complete or head.framing is Framing.NONE or not head.expects_continue

    def _end_exchange(self) -> None:
        present = self._present
        if present is None:
            return
        self._reading.go(Reason.REQUEST)
        if not self._writer.keep_alive:
            self._stopped = True
            self._present = None
            if present.whole:
                self._transport.close()
            else:
                close_lingering(self._transport)
        elif present.whole:
            self._leave_present()
        # Otherwise the rest of the body is read and discarded first.

    def _leave_present(self) -> None:
        if self._receiving is self._present:
            self._receiving = None
        head = self._request_head()
        self._present = None
        self._advance()
        if self._held is not None and head is not None and head.upgrade:
            self._let_go()
        if self._last_request and self._present is None:
            self._transport.close()

    def _discard(self, data: bytes) -> None:
        self._discarded += len(data)
        if self._discarded > self._plane.limits.discarded_bytes and not self._stopped:
            self._leave_unread()

    def _leave_unread(self) -> None:
        self._plane.refusals.note(Refusal.UNREAD_BODY)
        self._stopped = True
        close_lingering(self._transport)
