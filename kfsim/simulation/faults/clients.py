"""Clients that send requests through every fault, and what became of each request.

A client waits for as long as it takes; it may also hang up. A daemon that is killed takes its
connections along. Every other end is an answer, or a refusal with a status and a reason, and each
is judged as it comes (`verdicts`).
"""

from dataclasses import dataclass, field
from functools import partial

from kfsim.base.entropy import Entropy
from kfsim.base.types import ReplicaKey, ServiceName
from kfsim.flow import Ticket, TicketState
from kfsim.simulation.faults.verdicts import judge_death, judge_missing_route, judge_refusal
from kfsim.simulation.faults.world import World

ANSWERED = "answered"
NO_ROUTE = "404 no route"
LOST = "502 replica died"
HUNG_UP = "hung up"
CUT_OFF = "cut off by a killed daemon"


@dataclass(slots=True)
class Ends:
    """How many requests ended in which way."""

    counts: dict[str, int] = field(default_factory=dict)

    def add(self, end: str) -> None:
        self.counts[end] = self.counts.get(end, 0) + 1

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def since(self, earlier: dict[str, int]) -> dict[str, int]:
        """What was added to `earlier`."""
        grown = {end: count - earlier.get(end, 0) for end, count in self.counts.items()}
        return {end: count for end, count in grown.items() if count}


class Clients:
    """Everybody who sends requests to the world."""

    def __init__(self, world: World, dice: Entropy) -> None:
        self._world = world
        self._dice = dice
        self.ends = Ends()
        self.wronged: list[str] = []
        """A sentence for each end that a cluster would not have brought about."""
        self.sent = 0
        self.slowness = 1.0
        """A factor on the time that replicas need for an answer."""
        self.waiting: dict[Ticket, None] = {}
        self._running: dict[Ticket, None] = {}
        self._services: dict[Ticket, ServiceName] = {}

    @property
    def open(self) -> int:
        """Requests that have not ended."""
        return len(self.waiting) + len(self._running)

    def attach(self) -> None:
        """A daemon came to life."""
        self._world.plane.on_loss(self._lost)

    def cut_off(self) -> None:
        """The daemon was killed: its connections are closed."""
        for ticket in (*self.waiting, *self._running):  # those that wait first: none is let in
            self._end(ticket, CUT_OFF)
            ticket.cancel(self._world.loop.moment)

    def burst(self, service: ServiceName, *, count: int, seconds: float) -> None:
        """`count` requests, spread at random over that many seconds."""
        now = self._world.loop.moment
        for _ in range(count):
            when = now + seconds * self._dice.uniform()
            self._world.loop.call_event(when, lambda _, name=service: self.send(name))  # type: ignore[misc]

    def send(self, service: ServiceName) -> None:
        self.sent += 1
        ticket = self._world.plane.send(service, self._granted, self._rejected)
        if ticket is None:
            self.ends.add(NO_ROUTE)
            self._judge(judge_missing_route(self._world.store, service))
        else:
            self._decided(service, ticket)

    def _decided(self, service: ServiceName, ticket: Ticket) -> None:
        self._services[ticket] = service
        if ticket.state is TicketState.GRANTED:
            self._granted(ticket)
        elif ticket.state is TicketState.REJECTED:
            self._rejected(ticket)
        else:
            self.waiting[ticket] = None

    def hang_up(self) -> None:
        """About half of all who wait or are served give up."""
        for ticket in (*self.waiting, *self._running):
            if self._dice.uniform() < 0.5:
                self._end(ticket, HUNG_UP)
                ticket.cancel(self._world.loop.moment)

    def _granted(self, ticket: Ticket) -> None:
        plane, now = self._world.plane, self._world.loop.moment
        self.waiting.pop(ticket, None)
        if ticket.endpoint is not None and ticket.endpoint.replica in plane.down:
            self._refused_connection(ticket)
            return
        self._running[ticket] = None
        duration = self.slowness * (0.02 + 0.4 * self._dice.uniform())
        self._world.loop.call_event(now + duration, partial(self._answered, ticket))

    def _refused_connection(self, ticket: Ticket) -> None:
        """Nothing was sent yet, so another replica takes it, or it is held until one can."""
        if not self._world.plane.retry(ticket):
            self._end(ticket, LOST)
            self._judge(judge_death(ticket, taken=False))
            ticket.finish(self._world.loop.moment)
        elif ticket.state is TicketState.GRANTED and ticket not in self._running:
            self._granted(ticket)
        elif ticket.state is TicketState.REJECTED:
            self._rejected(ticket)
        elif ticket.state is TicketState.WAITING:
            self.waiting[ticket] = None

    def _answered(self, ticket: Ticket, now: float) -> None:
        if ticket in self._running:
            self._end(ticket, ANSWERED)
            ticket.finish(now)

    def _rejected(self, ticket: Ticket) -> None:
        refusal = ticket.rejection
        assert refusal is not None  # a refusal has a reason
        service = self._services[ticket]
        again = self._world.plane.resend(service, ticket, self._granted, self._rejected)
        if again is not None:
            self._forget(ticket)
            self._decided(service, again)
            return
        self._judge_refusal(ticket)
        reason = "revision was removed" if "was removed" in refusal.reason else refusal.reason
        self._end(ticket, f"{refusal.status} {reason}")

    def _judge_refusal(self, ticket: Ticket) -> None:
        world, revision = self._world, ticket.revision
        unfinished = sum(
            each.revision == revision for each in {**self.waiting, **self._running, ticket: None}
        )
        target = world.plane.table.revisions.get(revision)
        now = world.loop.moment
        self._judge(judge_refusal(ticket, target, world.store, now=now, unfinished=unfinished))

    def _judge(self, verdict: str | None) -> None:
        if verdict is not None:
            self.wronged.append(verdict)

    def _lost(self, replica: ReplicaKey) -> None:
        for ticket in tuple(self._running):
            if ticket.endpoint is not None and ticket.endpoint.replica == replica:
                self._judge(judge_death(ticket, taken=True))
                self._end(ticket, LOST)
                ticket.finish(self._world.loop.moment)

    def _end(self, ticket: Ticket, end: str) -> None:
        self._forget(ticket)
        self.ends.add(end)

    def _forget(self, ticket: Ticket) -> None:
        self.waiting.pop(ticket, None)
        self._running.pop(ticket, None)
        self._services.pop(ticket, None)
