"""The live ports over the flow core, without sockets: what the gateway is to the daemon.

Routes are resolved and split by the gateway's own router, replicas are drained by its own drains,
and requests are admitted by the same flow core. The core's deadlines are heap entries of the
virtual loop: one is set for the earliest. Backend events tell when a replica dies under its
requests: whoever sent them is told, as a gateway is by a connection reset.
"""

from collections.abc import Callable, Sequence
from math import inf

from kfsim.base.entropy import Entropy
from kfsim.base.ports import DrainGate, RouteSink, StatSource
from kfsim.base.types import (
    ReplicaKey,
    RevisionKey,
    RoutingTable,
    ServiceMode,
    ServiceName,
    Stat,
)
from kfsim.dataplane.drains import Drains
from kfsim.dataplane.routing import Router
from kfsim.flow import FlowCore, Ticket
from kfsim.replicas.backend import ReplicaEvent, ReplicaEventKind
from kfsim.simulation.loop import VirtualLoop

LossListener = Callable[[ReplicaKey], None]


class SimulatedDataPlane(RouteSink, StatSource, DrainGate):
    """Takes requests for services at the loop's present moment."""

    def __init__(self, *, loop: VirtualLoop, entropy: Entropy) -> None:
        self._loop = loop
        self._entropy = entropy
        self._flow = FlowCore(entropy=entropy)
        self._router = Router()
        self._drains = Drains(self._flow, loop.clock)
        self._deadline = inf
        self._ended: dict[ReplicaKey, dict[str, None]] = {}
        self.down: dict[ReplicaKey, None] = {}
        """Replicas to which connecting is refused. Read it only."""
        self._losses: list[LossListener] = []

    @property
    def flow(self) -> FlowCore:
        return self._flow

    @property
    def table(self) -> RoutingTable:
        """The routes in force."""
        return self._router.table

    # Requests

    def send(
        self,
        service: ServiceName,
        on_grant: Callable[[Ticket], None],
        on_reject: Callable[[Ticket], None],
    ) -> Ticket | None:
        """Admit one request (see FlowCore.admit); None when there is no route (404)."""
        route = self._router.resolve_service(service)
        revision = None if route is None else route.pick(self._entropy)
        if revision is None:
            return None
        flow = self._flow
        ticket = flow.admit(revision, self._loop.moment, on_grant, on_reject)
        deadline = flow.next_deadline()
        if deadline is not None and deadline < self._deadline:
            self._arm()
        return ticket

    def resend(
        self,
        service: ServiceName,
        refused: Ticket,
        on_grant: Callable[[Ticket], None],
        on_reject: Callable[[Ticket], None],
    ) -> Ticket | None:
        """As the gateway does (Exchange): what was held for a revision that was removed goes where
        the routes lead now. None when the refusal stands."""
        if refused.rejection is None or not refused.rejection.elsewhere:
            return None
        ticket = self.send(service, on_grant, on_reject)
        if ticket is not None:
            ticket.arrived = refused.arrived
        return ticket

    def retry(self, ticket: Ticket) -> bool:
        """The ticket's replica refused the connection (see FlowCore.retry)."""
        retried = self._flow.retry(ticket, self._loop.moment)
        self._arm()
        return retried

    def on_loss(self, listener: LossListener) -> None:
        """Register who is told when a replica dies; its requests will never be answered."""
        self._losses.append(listener)

    def observe(self, event: ReplicaEvent) -> None:
        """A backend's listener: which replicas accept connections."""
        ended = self._ended.setdefault(event.key, {})
        if event.kind is ReplicaEventKind.STARTED:
            ended.pop(event.container, None)
            if not ended:
                self.down.pop(event.key, None)
        elif event.kind is ReplicaEventKind.EXITED:
            ended[event.container] = None
            self._lose(event.key)
        elif event.kind is ReplicaEventKind.GONE:
            del self._ended[event.key]
            self._lose(event.key)

    def _lose(self, replica: ReplicaKey) -> None:
        if replica not in self.down:
            self.down[replica] = None
            for listener in tuple(self._losses):
                listener(replica)

    def _arm(self) -> None:
        deadline = self._flow.next_deadline()
        if deadline is not None and deadline < self._deadline:
            self._deadline = deadline
            self._loop.call_event(deadline, self._expire)

    def _expire(self, now: float) -> None:
        if now < self._deadline:
            return  # an earlier event took this one's place
        self._deadline = inf
        self._flow.expire(now)
        self._arm()

    # RouteSink

    def publish(self, table: RoutingTable) -> None:
        now, before = self._loop.moment, self._router.table.revisions
        self._router.publish(table)
        for revision, target in table.revisions.items():
            if before.get(revision) is not target:
                self._flow.update(target, now)
        for revision in before:  # last: what these hold goes to those that take it over
            if revision not in table.revisions:
                self._flow.remove(revision, now)
        if self.down:
            self._forget_unlisted(table)

    def _forget_unlisted(self, table: RoutingTable) -> None:
        """Nobody asks any more whether a replica is down that has gone and left all endpoints."""
        listed = {
            endpoint.replica for target in table.revisions.values() for endpoint in target.endpoints
        }
        for replica in tuple(self.down):
            if replica not in self._ended and replica not in listed:
                del self.down[replica]

    def activator_in_path(self, revision: RevisionKey) -> bool:
        # A Serve-mode service without endpoints has the activator's, as in knative
        # pkg/reconciler/serverlessservice (reconcilePublicEndpoints).
        target = self._router.table.revisions.get(revision)
        return target is not None and (target.mode is ServiceMode.PROXY or not target.endpoints)

    # StatSource

    def collect(self, now: float) -> Sequence[Stat]:
        return self._flow.collect(now)

    def on_poke(self, callback: Callable[[RevisionKey, Stat], None]) -> None:
        self._flow.on_poke(callback)

    # DrainGate

    def begin(self, replica: ReplicaKey, *, grace: float, done: Callable[[], None]) -> None:
        self._drains.begin(replica, grace=grace, done=done)
