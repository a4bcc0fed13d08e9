"""Callbacks, delivered after the state is consistent, one after the other, never nested.

A callback may call back into the flow (finish, cancel, admit another request) and so cause more
callbacks: they queue up behind. A grant that an earlier callback has undone is not announced.
"""

from collections import deque
from collections.abc import Callable

from kfsim.flow.ticket import Ticket, TicketState


class Outbox:
    """What is still to be told, in order."""

    __slots__ = ("_delivering", "pending")

    def __init__(self) -> None:
        self.pending: deque[tuple[Callable[[Ticket], None] | None, Ticket | Callable[[], None]]]
        self.pending = deque()
        self._delivering = False

    def granted(self, ticket: Ticket) -> None:
        self.pending.append((ticket.on_grant, ticket))

    def rejected(self, ticket: Ticket) -> None:
        self.pending.append((ticket.on_reject, ticket))

    def call(self, callback: Callable[[], None]) -> None:
        self.pending.append((None, callback))

    def flush(self) -> None:
        """Deliver everything, unless a delivery is under way further up the stack."""
        if self._delivering or not self.pending:
            return
        self._delivering = True
        try:
            while self.pending:
                callback, subject = self.pending.popleft()
                if not isinstance(subject, Ticket):
                    subject()
                elif callback is not None and subject.state in _TELLABLE:
                    callback(subject)
        finally:
            self._delivering = False


_TELLABLE = frozenset((TicketState.GRANTED, TicketState.REJECTED))
