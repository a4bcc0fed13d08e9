"""The three timeouts of one revision's requests.

Knative's activator measures all of them from the request's arrival, held time included: the whole
request (`timeout`), until the first byte of its response, and between two parts of the response.
"""

from kfsim.base.types import RevisionTarget
from kfsim.flow.deadlines import Deadlines
from kfsim.flow.ticket import Ticket


class Patience:
    """Which tickets are late. `shortest` is the least that a new one is given; 0 = no limit."""

    __slots__ = ("_idle", "_limits", "_start", "_total", "shortest")

    def __init__(self) -> None:
        self._total = Deadlines()
        self._start = Deadlines()
        self._idle = Deadlines()
        self._limits: tuple[Deadlines, ...] = ()
        self.shortest = 0.0

    def set(self, target: RevisionTarget) -> None:
        """Take over the timeouts; they hold for requests that are under way, too."""
        self._total.duration = target.timeout
        start = target.response_start_timeout
        within = not target.timeout or start < target.timeout
        self._start.duration = start if within else 0.0
        self._idle.duration = target.idle_timeout
        every = (self._total, self._start, self._idle)
        # Those without a limit that still watch requests from before stay until the next change.
        self._limits = tuple(each for each in every if each.duration or len(each))
        self.shortest = min((each.duration for each in every if each.duration), default=0.0)

    @property
    def watches(self) -> bool:
        """Whether any request has a deadline still to come."""
        return any(len(deadlines) for deadlines in self._limits)

    def begin(self, ticket: Ticket, now: float) -> None:
        for deadlines in self._limits:
            deadlines.start(ticket, now)

    def first_byte(self, ticket: Ticket, now: float) -> None:
        self._start.stop(ticket)
        self._idle.restart(ticket, now)

    def refresh(self, ticket: Ticket, now: float) -> None:
        """More of its response arrived."""
        self._idle.restart(ticket, now)

    def end(self, ticket: Ticket) -> None:
        for deadlines in self._limits:
            deadlines.stop(ticket)

    def earliest(self) -> float | None:
        """When the next ticket falls due."""
        times = [deadlines.earliest() for deadlines in self._limits]
        return min((time for time in times if time is not None), default=None)

    def due(self, now: float) -> list[Ticket]:
        """The tickets that are late by now, those that wait first."""
        late = [ticket for deadlines in self._limits for ticket in deadlines.due(now)]
        # So that no late request inherits the slot of another one.
        return sorted(late, key=lambda ticket: ticket.state)
