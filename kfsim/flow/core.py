"""The whole request path: all revisions, their tickets, their deadlines and statistics.

The live gateway and the simulation drive the same object. The rules for callbacks:

* `admit` calls neither of the ticket's callbacks: look at the ticket's state on return. GRANTED
  and REJECTED are final answers to the question "where to?"; WAITING promises exactly one later
  callback, unless the ticket is cancelled first.
* A granted ticket can still be rejected by a timeout: `on_reject` is then called, and the owner
  must break off the exchange.
* Callbacks run one after the other after the state is consistent, and may call the core.
"""

from collections.abc import Callable, Sequence
from math import inf

from kfsim.base.entropy import Entropy
from kfsim.base.types import ReplicaKey, RevisionKey, RevisionTarget, Stat
from kfsim.flow.revision import FlowContext, RevisionFlow
from kfsim.flow.ticket import Rejection, Ticket, TicketState

TicketCallback = Callable[[Ticket], None]


class FlowCore:
    """Admits requests to revisions. Time per request does not depend on how many there are."""

    def __init__(self, *, entropy: Entropy) -> None:
        self._context = FlowContext(entropy)
        self._revisions: dict[RevisionKey, RevisionFlow] = {}
        self._asleep: dict[RevisionKey, RevisionTarget] = {}
        """Revisions without a replica or a request: all that there is to know of them."""
        self._reporting: dict[RevisionKey, RevisionFlow] = {}
        self._watched: dict[RevisionFlow, None] = {}
        self._next_deadline = inf

    def update(self, target: RevisionTarget, now: float) -> None:
        """Add a revision or change it; requests that now fit are granted before this returns."""
        flow = self._revisions.get(target.revision)
        if flow is None:
            if not target.endpoints:
                self._asleep[target.revision] = target
                return
            flow = self._wake(target)
        flow.update(target, now)
        if flow.reports:
            self._reporting[target.revision] = flow
        else:
            self._let_sleep(flow)

    def _wake(self, target: RevisionTarget) -> RevisionFlow:
        self._asleep.pop(target.revision, None)
        flow = self._revisions[target.revision] = RevisionFlow(target, self._context)
        return flow

    def _let_sleep(self, flow: RevisionFlow) -> None:
        """Keep the target alone, if nothing else is left of the flow."""
        if flow.at_rest and self._revisions.get(flow.key) is flow:
            del self._revisions[flow.key]
            self._asleep[flow.key] = flow.target

    def remove(self, revision: RevisionKey, now: float) -> None:
        """Forget a revision; held requests are refused, running ones end as they may."""
        self._asleep.pop(revision, None)
        flow = self._revisions.pop(revision, None)
        self._reporting.pop(revision, None)
        if flow is not None:
            reason = f"revision {revision} was removed"
            flow.close(now, Rejection(503, reason, elsewhere=True))

    def admit(
        self,
        revision: RevisionKey,
        now: float,
        on_grant: TicketCallback,
        on_reject: TicketCallback,
    ) -> Ticket:
        """Take in one request; see the module's text for who is told what."""
        flow = self._revisions.get(revision)
        if flow is None:
            target = self._asleep.get(revision)
            if target is None:
                return _refused(revision, now)
            flow = self._wake(target)
            flow.update(target, now)
        ticket = Ticket(flow, revision, now, on_grant, on_reject)
        if flow.reporter is None:
            self._reporting[revision] = flow
        flow.admit(ticket, now)
        patience = flow.patience.shortest
        if patience:
            self._watched[flow] = None
            deadline = now + patience
            if deadline < self._next_deadline:
                self._next_deadline = deadline
        return ticket

    def retry(self, ticket: Ticket, now: float) -> bool:
        """A granted ticket's replica refused the connection, so that nothing was sent.

        The ticket goes to another replica, or is held until one can be tried. The replica gets
        nothing new for a while (see `Resting`), so `next_deadline` may change. True: look at the
        ticket's state, as after `admit`. False: it was not granted, and is as it was.
        """
        flow = ticket.owner
        if not isinstance(flow, RevisionFlow) or not flow.retry(ticket, now):
            return False
        deadline = flow.next_deadline()
        if deadline is not None:
            self._watched[flow] = None
            self._next_deadline = min(self._next_deadline, deadline)
        return True

    def next_deadline(self) -> float | None:
        """No request falls due before this time; None when no request has a deadline."""
        return None if self._next_deadline == inf else self._next_deadline

    def expire(self, now: float) -> None:
        """Reject what is late; cheap when nothing is."""
        if now < self._next_deadline:
            return
        self._next_deadline = inf
        for flow in tuple(self._watched):
            flow.expire(now)
            earliest = flow.next_deadline()
            if earliest is None:
                del self._watched[flow]
            else:
                self._next_deadline = min(self._next_deadline, earliest)

    def begin_drain(self, replica: ReplicaKey, now: float, on_idle: Callable[[], None]) -> bool:
        """Send the replica nothing new. True when it is idle (or unknown) already; else
        `on_idle` is called once, when its last request has ended."""
        flow = self._context.homes.get(replica)
        return flow is None or flow.drain(replica, now, on_idle)

    def in_flight(self, replica: ReplicaKey) -> int:
        """Requests that run or are queued at the replica."""
        flow = self._context.homes.get(replica)
        return 0 if flow is None else flow.replicas[replica].in_flight

    def running(self, revision: RevisionKey) -> int:
        """Requests at the revision's replicas, those queued there included."""
        flow = self._revisions.get(revision)
        return 0 if flow is None else sum(each.in_flight for each in flow.replicas.values())

    def direct(self, revision: RevisionKey) -> bool:
        """Whether a request would go to a replica without passing the activator."""
        flow = self._revisions.get(revision)
        return flow is not None and flow.direct

    def held(self, revision: RevisionKey) -> int:
        """Requests that the activator holds for the revision."""
        flow = self._revisions.get(revision)
        return 0 if flow is None else flow.held

    def through_activator(self, revision: RevisionKey) -> int:
        """Requests that came in by the activator and are not over: held, or at a replica."""
        flow = self._revisions.get(revision)
        if flow is None or flow.reporter is None:
            return 0
        return flow.reporter.statistics.in_flight

    def collect(self, now: float) -> Sequence[Stat]:
        """The activator's report per revision with requests, then one per ready replica."""
        stats: list[Stat] = []
        for revision, flow in tuple(self._reporting.items()):
            stats.extend(flow.collect(now))
            if not flow.reports:
                del self._reporting[revision]
                self._let_sleep(flow)
        return stats

    def on_poke(self, callback: Callable[[RevisionKey, Stat], None]) -> None:
        """Register who is told at once of the first request that the activator sees.

        Called inside `admit`, before the request is decided, so it must only take note.
        """
        self._context.pokes.append(callback)


class _Nobody:
    """Owner of tickets that were refused before any revision saw them."""

    def release(self, ticket: Ticket, now: float) -> None: ...

    def started(self, ticket: Ticket, now: float) -> None: ...

    def refresh(self, ticket: Ticket, now: float) -> None: ...


_NOBODY = _Nobody()


def _refused(revision: RevisionKey, now: float) -> Ticket:
    ticket = Ticket(_NOBODY, revision, now, None, None)
    ticket.state = TicketState.REJECTED
    ticket.rejection = Rejection(503, f"revision {revision} is not known")
    return ticket
