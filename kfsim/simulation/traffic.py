"""Clients of simulated services: they send as scheduled, wait as long as it takes, and count.

A request is a ticket and one heap entry. It arrives, is admitted by the data plane, and from its
grant occupies the replica for a drawn duration; then it is finished and counted. No task, timer or
object of its own exists per request.
"""

from collections.abc import Iterator
from functools import partial

from kfsim.base.types import ReplicaKey, ServiceName
from kfsim.flow import Ticket, TicketState
from kfsim.simulation.dataplane import SimulatedDataPlane
from kfsim.simulation.durations import Duration
from kfsim.simulation.loop import VirtualLoop
from kfsim.simulation.outcomes import Outcomes

_NO_ROUTE = 404
_BAD_GATEWAY = 502


class Traffic:
    """One stream of requests for one service."""

    def __init__(
        self,
        *,
        loop: VirtualLoop,
        plane: SimulatedDataPlane,
        service: ServiceName,
        arrivals: Iterator[float],
        duration: Duration,
    ) -> None:
        """`arrivals` are seconds from `start`, ascending; `duration` draws service times."""
        self._loop = loop
        self._plane = plane
        self._service = service
        self._arrivals = arrivals
        self._duration = duration
        self._origin = 0.0
        # Where nothing is lost, this dict is only written; its order is the order of grants.
        self._running: dict[Ticket, None] = {}
        self.outcomes = Outcomes()
        plane.on_loss(self._lost)

    def start(self) -> None:
        """The schedule begins now."""
        self._origin = self._loop.moment
        for offset in self._arrivals:
            self._loop.call_event(self._origin + offset, self._arrive)
            break

    def _arrive(self, _: float) -> None:
        for offset in self._arrivals:  # one step: the next arrival is asked for by this one
            self._loop.call_event(self._origin + offset, self._arrive)
            break
        outcomes = self.outcomes
        outcomes.sent += 1
        ticket = self._plane.send(self._service, self._granted, self._rejected)
        if ticket is None:
            outcomes.refuse(_NO_ROUTE)
            return
        if ticket.cold:
            outcomes.cold += 1
        self._decided(ticket)

    def _decided(self, ticket: Ticket) -> None:
        if ticket.state is TicketState.GRANTED:
            self._granted(ticket)
        elif ticket.state is TicketState.REJECTED:
            self._rejected(ticket)

    def _granted(self, ticket: Ticket) -> None:
        if self._plane.down and ticket.endpoint and ticket.endpoint.replica in self._plane.down:
            self._refused_connection(ticket)
            return
        self._running[ticket] = None
        self._loop.call_event(self._loop.moment + self._duration(), partial(self._answered, ticket))

    def _refused_connection(self, ticket: Ticket) -> None:
        """Nothing was sent yet, so another replica takes it, or it is held until one can."""
        if not self._plane.retry(ticket):
            self.outcomes.refuse(_BAD_GATEWAY)
            ticket.finish(self._loop.moment)
        elif ticket.state is TicketState.GRANTED and ticket not in self._running:
            self._granted(ticket)  # the retry itself may have granted it by callback
        elif ticket.state is TicketState.REJECTED:
            self._rejected(ticket)

    def _answered(self, ticket: Ticket, now: float) -> None:
        if ticket not in self._running:
            return  # lost or timed out meanwhile
        del self._running[ticket]
        ticket.finish(now)
        outcomes = self.outcomes
        outcomes.latencies.append(now - ticket.arrived)
        counts = outcomes.by_revision
        counts[ticket.revision] = counts.get(ticket.revision, 0) + 1

    def _rejected(self, ticket: Ticket) -> None:
        self._running.pop(ticket, None)
        again = self._plane.resend(self._service, ticket, self._granted, self._rejected)
        if again is not None:
            self._decided(again)
            return
        self.outcomes.refuse(ticket.rejection.status if ticket.rejection else _BAD_GATEWAY)

    def _lost(self, replica: ReplicaKey) -> None:
        now = self._loop.moment
        for ticket in tuple(self._running):
            if ticket.endpoint is not None and ticket.endpoint.replica == replica:
                del self._running[ticket]
                self.outcomes.refuse(_BAD_GATEWAY)
                ticket.finish(now)
