"""Deadlines of equal length, in constant time per request.

All requests of one revision share their timeouts, so their deadlines fall due in the order in
which they were started: a plain ordered dict replaces a heap, and a request that ends in time
leaves nothing behind (a heap with five-minute timeouts would hold millions of dead entries).
"""

from kfsim.flow.ticket import Ticket


class Deadlines:
    """The tickets that must have moved on within `duration` seconds; 0 means no limit."""

    __slots__ = ("_started", "duration")

    def __init__(self, duration: float = 0.0) -> None:
        self.duration = duration
        self._started: dict[Ticket, float] = {}

    def __len__(self) -> int:
        return len(self._started)

    def start(self, ticket: Ticket, now: float) -> None:
        if self.duration:
            self._started[ticket] = now

    def restart(self, ticket: Ticket, now: float) -> None:
        """Begin again for a ticket that is still watched; others are left alone."""
        if self._started.pop(ticket, None) is not None:
            self._started[ticket] = now

    def stop(self, ticket: Ticket) -> None:
        self._started.pop(ticket, None)

    def earliest(self) -> float | None:
        """When the next one falls due."""
        for started in self._started.values():
            return started + self.duration
        return None

    def due(self, now: float) -> list[Ticket]:
        """The tickets that are late by now, in order; they are no longer watched."""
        late: list[Ticket] = []
        for ticket, started in self._started.items():
            if started + self.duration > now:
                break
            late.append(ticket)
        for ticket in late:
            del self._started[ticket]
        return late
