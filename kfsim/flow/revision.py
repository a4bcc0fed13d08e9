"""The request path of one revision: ingress or activator, balancer, queue-proxies, deadlines.

In Serve mode with ready replicas the ingress picks a replica and that replica's breaker queues.
Otherwise (Proxy mode, or nothing ready) the request passes the activator: it goes to a replica
with a free activator slot, or is held, first come first served, until one is free. Held requests
are never queued behind a busy replica while another one is free; that is what the activator is
for. Upstream: pkg/activator/net/throttler.go, pkg/queue/breaker.go.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from kfsim.base.entropy import Entropy
from kfsim.base.types import Endpoint, ReplicaKey, RevisionKey, RevisionTarget, ServiceMode, Stat
from kfsim.flow.activator import ActivatorReporter, make_first_stat
from kfsim.flow.balancing import Balancer, LeastOfTwo, make_balancer
from kfsim.flow.breaker import BreakerState
from kfsim.flow.outbox import Outbox
from kfsim.flow.patience import Patience
from kfsim.flow.queue_proxy import QueueProxy
from kfsim.flow.resting import Resting
from kfsim.flow.ticket import (
    ACTIVATOR_TIMEOUT,
    QUEUE_FULL,
    REQUEST_TIMEOUT,
    TRANSITIONS,
    Rejection,
    Ticket,
    TicketEvent,
    TicketState,
)

# Looked up once: a member of an enumeration costs more than most of what is done with it.
_GRANTED: Final = TicketState.GRANTED
_REJECTED: Final = TicketState.REJECTED
_RUNS: Final = BreakerState.RUNNING
_IS_FULL: Final = BreakerState.REJECTED

ACTIVATOR_QUEUE_DEPTH = 10_000  # pkg/activator/net/throttler.go breakerQueueDepth


@dataclass(slots=True)
class FlowContext:
    """What all revisions share."""

    entropy: Entropy
    outbox: Outbox = field(default_factory=Outbox)
    homes: dict[ReplicaKey, "RevisionFlow"] = field(default_factory=dict)
    pokes: list[Callable[[RevisionKey, Stat], None]] = field(default_factory=list)


class RevisionFlow:
    """Everything about the requests of one revision. containerConcurrency never changes."""

    def __init__(self, target: RevisionTarget, context: FlowContext) -> None:
        self.key = target.revision
        self.target = target
        self._context = context
        self._outbox = context.outbox
        self._container_concurrency = target.container_concurrency
        self._balancer: Balancer = make_balancer(target.container_concurrency, context.entropy)
        self._ingress = LeastOfTwo(context.entropy)
        self._mode = target.mode
        self._direct = False
        self._held: OrderedDict[Ticket, None] = OrderedDict()
        self._resting = Resting()
        self._removal: Rejection | None = None
        self._has_targets = False
        self.replicas: dict[ReplicaKey, QueueProxy[Ticket]] = {}
        self.reporter: ActivatorReporter | None = None
        self.patience = Patience()

    @property
    def held(self) -> int:
        """Requests that the activator holds."""
        return len(self._held)

    @property
    def direct(self) -> bool:
        """Whether the activator is not in the path."""
        return self._direct

    @property
    def reports(self) -> bool:
        """Whether it has anything to report."""
        return self.reporter is not None or bool(self.replicas)

    @property
    def at_rest(self) -> bool:
        """Whether it has no replica, no request, and nothing to report."""
        return not (self.reports or self._held or self.patience.watches or self._removal)

    # Requests

    def admit(self, ticket: Ticket, now: float) -> None:
        """Decide a new ticket: afterwards it is granted, waiting or rejected."""
        if self._direct:
            replica = self._ingress.take()
        else:
            ticket.via_activator = True
            ticket.cold = not self._has_targets
            reporter = self.reporter or self._open_reporter(now)
            reporter.statistics.request_in(now)
            replica = None if self._held else self._balancer.take()
        if replica is not None:
            self._enter(ticket, replica, now)
        elif len(self._held) < ACTIVATOR_QUEUE_DEPTH:
            self._held[ticket] = None
        else:
            self._refuse(ticket, QUEUE_FULL, now)
        if ticket.state is not _REJECTED:
            self.patience.begin(ticket, now)

    def retry(self, ticket: Ticket, now: float) -> bool:
        """Its replica refused the connection: use another one, or hold the ticket until one can
        be tried. False, and nothing changed, when the ticket is not granted."""
        refusing = ticket.replica
        state = TRANSITIONS[TicketEvent.RETRY].get(ticket.state)
        if state is None or refusing is None:
            return False
        ticket.state = state
        if refusing.ready:
            self._resting.begin(refusing, now)
            self._retarget()
            self._vacate(refusing, now)  # it would refuse those that it has queued as well
        self._leave(ticket, refusing, now)
        ticket.endpoint = None
        self._place_again(ticket, now)
        self._dispatch(now)
        self._outbox.flush()
        return True

    def release(self, ticket: Ticket, now: float) -> None:
        self.patience.end(ticket)
        replica = ticket.replica
        if replica is not None:
            self._leave(ticket, replica, now)
        else:
            self._held.pop(ticket, None)
        if ticket.via_activator:
            if self.reporter is not None:
                self.reporter.statistics.request_out(now)
            if self._held:
                self._dispatch(now)
        if self._outbox.pending:
            self._outbox.flush()

    def started(self, ticket: Ticket, now: float) -> None:
        if ticket.replica is not None:
            ticket.replica.refusals = 0
        self.patience.first_byte(ticket, now)

    def refresh(self, ticket: Ticket, now: float) -> None:
        self.patience.refresh(ticket, now)

    # Targets

    def update(self, target: RevisionTarget, now: float) -> None:
        """Take over mode, timeouts and endpoints, then run what now fits."""
        self.target = target
        self._mode = target.mode
        self.patience.set(target)
        for replica in self.replicas.values():
            replica.ready = False
        for endpoint in target.endpoints:
            self._set_ready(endpoint, now)
        gone = [replica for replica in self.replicas.values() if not replica.ready]
        for replica in gone:
            self._resting.forget(replica)
        self._retarget()
        for replica in gone:
            self._vacate(replica, now)
        self._dispatch(now)
        self._outbox.flush()

    def drain(self, replica: ReplicaKey, now: float, on_idle: Callable[[], None]) -> bool:
        """Send it nothing new; True when it is idle already, else `on_idle` is called once."""
        draining = self.replicas[replica]
        draining.draining = True
        self._retarget()
        if draining.in_flight == 0:
            return True
        draining.on_idle.append(on_idle)
        return False

    def close(self, now: float, rejection: Rejection) -> None:
        """The revision is gone: held requests are refused, those at a replica may end."""
        for replica in tuple(self.replicas.values()):
            replica.ready = False
            replica.draining = True
        self._retarget()
        self._removal = rejection
        for ticket in tuple(self._held):
            self._reject(ticket, rejection, now)
        for replica in tuple(self.replicas.values()):
            self._forget_if_idle(replica)
        self._outbox.flush()

    # Time and reports

    def next_deadline(self) -> float | None:
        times = (self.patience.earliest(), self._resting.earliest())
        return min((time for time in times if time is not None), default=None)

    def expire(self, now: float) -> None:
        """Reject what is late with 504, wherever it stands; try rested replicas again."""
        for ticket in self.patience.due(now):
            rejection = ACTIVATOR_TIMEOUT if ticket.via_activator else REQUEST_TIMEOUT
            self._reject(ticket, rejection, now)
        if self._resting.wake(now):
            self._retarget()
            self._dispatch(now)
        self._outbox.flush()

    def collect(self, now: float) -> Iterator[Stat]:
        """The activator's report, then one per ready replica."""
        if self.reporter is not None:
            stat, idle = self.reporter.report(self.key, now)
            if idle:
                self.reporter = None
            yield stat
        for key, replica in self.replicas.items():
            if not replica.ready:  # nobody scrapes a Pod that has left the endpoints
                continue
            report = replica.statistics.report(now)
            yield Stat(
                revision=self.key,
                reporter=key.name,
                average_concurrent_requests=report.average_concurrency,
                average_proxied_concurrent_requests=report.average_proxied_concurrency,
                request_count=report.request_count,
                proxied_request_count=report.proxied_request_count,
            )

    # Inside

    def _open_reporter(self, now: float) -> ActivatorReporter:
        self.reporter = ActivatorReporter(now)
        stat = make_first_stat(self.key)
        for poke in self._context.pokes:
            poke(self.key, stat)
        return self.reporter

    def _enter(self, ticket: Ticket, replica: QueueProxy[Ticket], now: float) -> None:
        state = replica.enter(ticket, now)
        if state is not _IS_FULL:
            ticket.replica = replica
        if state is _RUNS:
            ticket.state = _GRANTED
            ticket.endpoint = replica.endpoint
        elif state is _IS_FULL:
            if ticket.via_activator:
                self._balancer.release(replica)
            self._refuse(ticket, QUEUE_FULL, now)

    def _place_again(self, ticket: Ticket, now: float) -> None:
        """For a ticket whose replica refused it."""
        if self._removal is not None:
            self._refuse(ticket, self._removal, now)
            return
        balancer: Balancer = self._balancer if ticket.via_activator else self._ingress
        replica = balancer.take()
        if replica is None:
            self._hold_first(ticket, now)
        else:
            self._enter(ticket, replica, now)

    def _leave(self, ticket: Ticket, replica: QueueProxy[Ticket], now: float) -> None:
        if ticket.via_activator:
            self._balancer.release(replica)
        successor = replica.leave(ticket, now)
        ticket.replica = None
        if successor is not None:
            successor.state = _GRANTED
            successor.endpoint = replica.endpoint
            self._outbox.granted(successor)
        if replica.in_flight == 0 and (replica.draining or not replica.ready):
            self._forget_if_idle(replica)

    def _dispatch(self, now: float) -> None:
        while self._held and (replica := self._balancer.take()) is not None:
            ticket, _ = self._held.popitem(last=False)
            self._enter(ticket, replica, now)
            if ticket.state is _GRANTED:
                self._outbox.granted(ticket)
            elif ticket.state is _REJECTED:
                self._outbox.rejected(ticket)

    def _refuse(self, ticket: Ticket, rejection: Rejection, now: float) -> None:
        """Reject a ticket that holds no place anywhere, without telling its owner."""
        ticket.state = _REJECTED
        ticket.rejection = rejection
        self.patience.end(ticket)
        if ticket.via_activator and self.reporter is not None:
            self.reporter.statistics.request_out(now)

    def _reject(self, ticket: Ticket, rejection: Rejection, now: float) -> None:
        """Reject a ticket at whatever stage, give back what it holds, tell its owner."""
        state = TRANSITIONS[TicketEvent.REJECT].get(ticket.state)
        if state is None:
            return
        ticket.state = state
        ticket.rejection = rejection
        self._outbox.rejected(ticket)
        self.release(ticket, now)

    def _hold_first(self, ticket: Ticket, now: float) -> None:
        if not ticket.via_activator:
            ticket.via_activator = True
            (self.reporter or self._open_reporter(now)).statistics.request_in(now)
        self._held[ticket] = None
        self._held.move_to_end(ticket, last=False)

    def _vacate(self, replica: QueueProxy[Ticket], now: float) -> None:
        """Move what is queued at a replica that has gone elsewhere, the oldest first in line."""
        if not replica.draining:
            queued = tuple(replica.queued)
            for ticket in queued:
                self._leave(ticket, replica, now)
            for ticket in reversed(queued):
                self._hold_first(ticket, now)
        self._forget_if_idle(replica)

    def _forget_if_idle(self, replica: QueueProxy[Ticket]) -> None:
        if replica.in_flight:
            return
        for callback in replica.on_idle:
            self._outbox.call(callback)
        replica.on_idle.clear()
        if not replica.ready:
            key = replica.endpoint.replica
            self.replicas.pop(key, None)
            if self._context.homes.get(key) is self:
                del self._context.homes[key]

    def _retarget(self) -> None:
        ready = [item for item in self.replicas.values() if item.ready and not item.draining]
        targets = [item for item in ready if item not in self._resting]
        self._balancer.set_targets(targets)
        self._ingress.set_targets(targets)
        self._has_targets = bool(ready)
        self._direct = bool(targets) and self._mode is ServiceMode.SERVE

    def _set_ready(self, endpoint: Endpoint, now: float) -> None:
        replica = self.replicas.get(endpoint.replica)
        if replica is None:
            replica = QueueProxy(
                endpoint, container_concurrency=self._container_concurrency, now=now
            )
            self.replicas[endpoint.replica] = replica
            self._context.homes[endpoint.replica] = self
        elif replica.endpoint != endpoint:
            self._resting.forget(replica)
        replica.ready = True
        replica.endpoint = endpoint
