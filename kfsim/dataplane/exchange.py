"""One request from its head to its end: admitted, sent to a replica, answered, counted.

The exchange sits between a `Downstream` (who asked) and an `Upstream` (who answers) and
owns the ticket. Its stages are: held (no replica granted yet), connecting, sending, answering,
over. It is over exactly once, and then the ticket is ended, the upstream connection is given back
or dropped, and the counters are told.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from kfsim.base.types import AppProtocol, Endpoint
from kfsim.dataplane.answers import (
    Answer,
    make_bad_gateway,
    make_needs_http2,
    make_overload,
    make_rejection,
)
from kfsim.dataplane.counters import Outcome
from kfsim.dataplane.downstream import Downstream
from kfsim.dataplane.forwarding import UpstreamHead
from kfsim.dataplane.heads import Framing, RawHeader
from kfsim.dataplane.plane import Plane
from kfsim.dataplane.probes import Probe
from kfsim.dataplane.requests import RequestHead
from kfsim.dataplane.responses import ResponseHead, status_line
from kfsim.dataplane.routing import Route
from kfsim.dataplane.tunnel import Tunnel
from kfsim.dataplane.upstream import Upstream, UpstreamUser
from kfsim.flow import Ticket, TicketState

# Looked up once: a member of an enumeration costs more than most of what is done with it.
_H2C: Final = AppProtocol.H2C
_NONE: Final = Framing.NONE
_ANSWERED: Final = Outcome.ANSWERED
_BROKEN: Final = Outcome.BROKEN
_CLIENT_LOST: Final = Outcome.CLIENT_LOST
_PROXIED: Final = Outcome.PROXIED
_GRANTED: Final = TicketState.GRANTED
_REJECTED: Final = TicketState.REJECTED
_WAITING: Final = TicketState.WAITING


class Exchange(UpstreamUser):
    """One request and its response."""

    __slots__ = (
        "_connecting",
        "_downstream",
        "_held_bytes",
        "_over",
        "_pending",
        "_pending_bytes",
        "_plane",
        "_repeated",
        "_request",
        "_request_ended",
        "_request_paused",
        "_response_paused",
        "_status",
        "_ticket",
        "_trailers",
        "_upstream",
        "_upstream_head",
        "method",
        "upgrade",
    )

    def __init__(self, plane: Plane, downstream: Downstream, request: RequestHead) -> None:
        self.method = request.method
        self.upgrade = request.upgrade
        self._plane = plane
        self._downstream = downstream
        self._request = request
        self._upstream_head: UpstreamHead | None = None
        self._ticket: Ticket | None = None
        self._upstream: Upstream | None = None
        self._connecting = False
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._held_bytes = 0
        self._request_ended = request.framing is _NONE
        self._trailers: Sequence[RawHeader] = ()
        self._request_paused = False
        self._response_paused = False
        self._status = 0
        self._repeated = False
        self._over = False
        plane.counters.begun += 1

    def start(self, route: Route, upstream_head: UpstreamHead) -> None:
        """Admit it; afterwards it is held, on its way to a replica, or already answered."""
        self._upstream_head = upstream_head
        if upstream_head.probe is None or not self._answer_probe(upstream_head.probe, route):
            self._admit(route)
            if self._pending:
                self._hold(self._pending_bytes)

    def _answer_probe(self, probe: Probe, route: Route) -> bool:
        """Whether a hop answered it in the replica's place."""
        revision = route.pick(self._plane.entropy)
        direct = revision is not None and self._plane.flow.direct(revision)
        answer = probe.answer(via_activator=not direct)
        if answer is not None:
            self.answer(answer)
        return answer is not None

    def _admit(self, route: Route) -> None:
        plane = self._plane
        revision = route.pick(plane.entropy)
        if revision is None:
            self.answer(Answer(503, f"{route.namespace}/{route.name} has no revision to serve.\n"))
            return
        ticket = plane.flow.admit(revision, plane.clock.now(), self._granted, self._rejected)
        if self._ticket is not None:
            ticket.arrived = self._ticket.arrived
        self._ticket = ticket
        if ticket.state is _GRANTED:
            self._dispatch(ticket)
        elif ticket.state is _REJECTED:
            self._rejected(ticket)
        plane.timer.arm()

    @property
    def answered(self) -> bool:
        """Whether its response has begun."""
        return self._over or self._status != 0

    def answer(self, answer: Answer) -> None:
        """End it with a response of the gateway's own."""
        self._finish(_ANSWERED, answer.status)
        self._downstream.answer(answer)

    # From the client

    def request_body(self, data: bytes) -> None:
        """More of the request's body."""
        if self._over:
            return
        if self._upstream is not None:
            self._upstream.send(data)
            return
        self._pending.append(data)
        self._pending_bytes += len(data)
        if self._ticket is not None and not self._hold(len(data)):
            return
        if self._pending_bytes > self._plane.limits.buffered_bytes and not self._request_paused:
            self._request_paused = True
            self._downstream.pause_request()

    def request_end(self, trailers: Sequence[RawHeader] = ()) -> None:
        """The request's body is complete."""
        if self._over or self._request_ended:
            return
        self._request_ended = True
        self._trailers = trailers
        if self._upstream is not None:
            self._upstream.end_request(trailers)

    def client_lost(self) -> None:
        """The client is gone, at whatever stage."""
        self._finish(_CLIENT_LOST, self._status)

    def client_full(self) -> None:
        """The client takes no more of the response for now."""
        self._response_paused = True
        if self._upstream is not None:
            self._upstream.pause()

    def client_drained(self) -> None:
        self._response_paused = False
        if self._upstream is not None:
            self._upstream.resume()

    def unsent_bytes(self) -> int:
        """What the replica does not take of the request."""
        return self._upstream.unsent_bytes() if self._upstream is not None else 0

    # From the flow core

    def _granted(self, ticket: Ticket) -> None:
        if not self._over:
            self._dispatch(ticket)

    def _rejected(self, ticket: Ticket) -> None:
        rejection = ticket.rejection
        if self._over or rejection is None:
            return
        if self._status:
            self._break()
            return
        route, head = None, self._request
        if rejection.elsewhere:  # it was held for a revision that is no more
            route, _ = self._plane.router.resolve(head.host or b"", head.target)
        if route is not None:
            self._admit(route)
        else:
            self.answer(make_rejection(rejection))

    def _dispatch(self, ticket: Ticket) -> None:
        endpoint = ticket.endpoint
        assert endpoint is not None  # a granted ticket has one
        if endpoint.protocol is _H2C:
            stream = self._plane.http2_pool.take(endpoint)
            if stream is not None:
                self._begin(stream)
                return
        elif self._request.grpc:
            self.answer(make_needs_http2(endpoint.replica))
            return
        else:
            connection = self._plane.pool.take(endpoint)
            if connection is not None:
                self._begin(connection)
                return
        self._connect(endpoint)

    def _connect(self, endpoint: Endpoint) -> None:
        self._connecting = True
        http2 = endpoint.protocol is _H2C
        (self._plane.http2_pool if http2 else self._plane.pool).connect(endpoint, self)

    # From the pool

    def connected(self, connection: Upstream) -> None:
        self._connecting = False
        if self._over or not self._granted_endpoint_is(connection):
            connection.leave()
        else:
            self._begin(connection)

    def connect_failed(self, reason: str) -> None:
        self._connecting = False
        if not self._over:
            self._try_elsewhere(reason)

    # From the replica

    def response_interim(self, status: int, fields: Sequence[RawHeader]) -> None:
        self._downstream.interim(status, fields)

    def response_head(self, head: ResponseHead) -> None:
        ticket = self._ticket
        assert ticket is not None  # nothing is sent upstream without one
        self._note_first_byte(ticket)
        self._status = head.status
        self._downstream.begin_response(head, self._plane.provenance.lines(ticket))

    def response_whole(self, head: ResponseHead, body: bytes) -> None:
        plane, ticket = self._plane, self._ticket
        assert ticket is not None  # nothing is sent upstream without one
        now = plane.clock.now()
        ticket.first_byte(now)
        if ticket.cold:
            plane.cold_starts.note(ticket, now)
        upstream, self._upstream = self._upstream, None
        if upstream is not None and not self._request_ended:
            upstream.drop()
        added = plane.provenance.lines(ticket)
        self._over = True
        self._ticket = None
        ticket.finish(now)
        plane.durations.observe(ticket.revision, head.status, now - ticket.arrived)
        plane.counters.end(_PROXIED, head.status)
        self._downstream.whole_response(head, added, body)

    def response_body(self, data: bytes) -> None:
        self._touch()
        self._downstream.send_response(data)

    def response_flush(self) -> None:
        if not self._over:
            self._downstream.flush_response()

    def response_end(self, trailers: Sequence[RawHeader] = ()) -> None:
        upstream, self._upstream = self._upstream, None
        if upstream is not None and not self._request_ended:
            upstream.drop()
        self._finish(_PROXIED, self._status)
        self._downstream.end_response(trailers)

    def response_switch(self, lines: bytes, transport: asyncio.Transport, rest: bytes) -> None:
        """The request is in flight, and holds its place at the replica, until the tunnel ends."""
        self._upstream = None
        ticket = self._ticket
        assert ticket is not None  # nothing is sent upstream without one
        self._note_first_byte(ticket)
        self._status = 101
        head = b"".join((status_line(101), lines, self._plane.provenance.lines(ticket), b"\r\n"))
        tunnel = Tunnel(transport, rest, touched=self._touch, ended=self._tunnel_ended)
        self._downstream.switch(head, tunnel)

    def upstream_lost(self, reason: str) -> None:
        upstream, self._upstream = self._upstream, None
        if self._over:
            return
        if self._status:
            self._break()
        elif upstream is not None and not self._repeated and self._may_repeat(upstream):
            self._repeated = True
            self._plane.counters.retries += 1
            self._connect_again()
        else:
            self._answer_bad_gateway(reason)

    def upstream_full(self) -> None:
        if not self._request_paused:
            self._request_paused = True
            self._downstream.pause_request()

    def upstream_drained(self) -> None:
        if self._request_paused:
            self._request_paused = False
            self._downstream.resume_request()

    # Inside

    def _hold(self, size: int) -> bool:
        """Count what waits of the body with what all requests hold; False when it is refused."""
        plane = self._plane
        self._held_bytes += size
        if plane.buffered.hold(size):
            return True
        self.answer(make_overload(plane.limits.total_buffered_bytes))
        return False

    def _let_go(self) -> None:
        if self._held_bytes:
            self._plane.buffered.let_go(self._held_bytes)
            self._held_bytes = 0

    def _note_first_byte(self, ticket: Ticket) -> None:
        now = self._plane.clock.now()
        ticket.first_byte(now)
        if ticket.cold:
            self._plane.cold_starts.note(ticket, now)

    def _touch(self) -> None:
        if self._ticket is not None:
            self._ticket.touch(self._plane.clock.now())

    def _tunnel_ended(self) -> None:
        self._finish(_PROXIED, self._status)

    @property
    def _on_its_way(self) -> bool:
        return self._over or self._connecting or self._upstream is not None

    def _begin(self, connection: Upstream) -> None:
        ticket, upstream_head = self._ticket, self._upstream_head
        assert ticket is not None  # connections are asked for after admission
        assert upstream_head is not None  # admission has set it
        self._upstream = connection
        pending: Sequence[bytes] = ()
        if self._pending:
            pending, self._pending = self._pending, []
            self._pending_bytes = 0
            self._let_go()
        request_id = upstream_head.request_id or self._plane.request_ids.next()
        ended = self._request_ended and not self._trailers
        connection.begin(
            self,
            upstream_head,
            request_id,
            via_activator=ticket.via_activator,
            body=pending,
            ended=ended,
        )
        if self._response_paused:
            connection.pause()
        if self._request_ended and not ended:
            connection.end_request(self._trailers)
        if self._request_paused:
            self.upstream_drained()

    def _granted_endpoint_is(self, connection: Upstream) -> bool:
        endpoint = self._ticket.endpoint if self._ticket is not None else None
        return endpoint is not None and (endpoint.host, endpoint.port) == connection.address

    def _may_repeat(self, upstream: Upstream) -> bool:
        """A kept connection that the replica closed before it answered: the request may have
        been lost with it, so it is sent again where sending it twice does no harm. One that the
        replica has not touched can go again if nothing of it is gone."""
        request = self._request
        if upstream.unprocessed:
            return request.framing is _NONE
        return upstream.reused and not upstream.answered and request.replayable

    def _connect_again(self) -> None:
        endpoint = self._ticket.endpoint if self._ticket is not None else None
        assert endpoint is not None  # it was connected before
        self._connect(endpoint)

    def _try_elsewhere(self, reason: str) -> None:
        """Nothing was sent yet: another replica takes it, or it is held until one can."""
        plane, ticket = self._plane, self._ticket
        assert ticket is not None  # connections are asked for after admission
        if not plane.flow.retry(ticket, plane.clock.now()):
            self._answer_bad_gateway(reason)
            return
        plane.counters.retries += 1
        # The retry itself may have granted it by callback.
        if ticket.state is _GRANTED and not self._on_its_way:
            self._dispatch(ticket)
        elif ticket.state is _REJECTED:
            self._rejected(ticket)
        plane.timer.arm()

    def _answer_bad_gateway(self, reason: str) -> None:
        endpoint = self._ticket.endpoint if self._ticket is not None else None
        self.answer(make_bad_gateway(str(endpoint.replica) if endpoint else "", reason))

    def _break(self) -> None:
        """The response has begun and cannot be completed."""
        self._finish(_BROKEN, self._status)
        self._downstream.abort()

    def _finish(self, outcome: Outcome, status: int) -> None:
        if self._over:
            return
        self._over = True
        self._pending.clear()
        self._let_go()
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            upstream.drop()
        ticket, self._ticket = self._ticket, None
        if ticket is not None:
            now = self._plane.clock.now()
            if outcome is _CLIENT_LOST or ticket.state is _WAITING:
                ticket.cancel(now)
            else:
                ticket.finish(now)
            if status:
                self._plane.durations.observe(ticket.revision, status, now - ticket.arrived)
        self._plane.counters.end(outcome, status)
