"""Callbacks, delivered after the state is consistent, one after the other, never nested.

A callback may call back into the flow (finish, cancel, admit another request) and so cause more
callbacks: they queue up behind. A grant that an earlier callback has undone is not announced.
"""

from collections import deque
from collections.abc import Callable

from kfsim.flow.ticket import Ticket, TicketState

_GRANTED, _REJECTED = TicketState.GRANTED, TicketState.REJECTED


class Outbox:
    """What is still to be told, in order: a callback, and the ticket that it is about, if any."""

    __slots__ = ("_delivering", "pending")

    def __init__(self) -> None:
        self.pending: deque[tuple[Callable[..., None] | None, Ticket | None]] = deque()
        self._delivering = False

    def granted(self, ticket: Ticket) -> None:
        self.pending.append((ticket.on_grant, ticket))

    def rejected(self, ticket: Ticket) -> None:
        self.pending.append((ticket.on_reject, ticket))

    def call(self, callback: Callable[[], None]) -> None:
        self.pending.append((callback, None))

    def flush(self) -> None:
        """Deliver everything, unless a delivery is under way further up the stack."""
        pending = self.pending
        if self._delivering or not pending:
            return
        self._delivering = True
        try:
            while pending:
                callback, ticket = pending.popleft()
                if callback is None:
                    continue
                if ticket is None:
                    callback()
                elif ticket.state is _GRANTED or ticket.state is _REJECTED:
                    callback(ticket)
        finally:
            self._delivering = False
