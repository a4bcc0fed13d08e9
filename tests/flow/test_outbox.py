from kfsim.base.types import RevisionKey
from kfsim.flow.outbox import Outbox
from kfsim.flow.ticket import Ticket, TicketState
from tests.flow.test_ticket import Owner


def test_callbacks_caused_by_callbacks_come_after_and_not_within():
    outbox = Outbox()
    told: list[str] = []

    def first() -> None:
        outbox.call(lambda: told.append("second"))
        outbox.flush()
        told.append("first")

    outbox.call(first)
    outbox.flush()
    assert told == ["first", "second"]


def test_grant_that_was_undone_is_not_announced():
    outbox = Outbox()
    told: list[Ticket] = []
    ticket = Ticket(Owner(), RevisionKey("a", "b"), 0.0, told.append, told.append)
    ticket.state = TicketState.GRANTED
    outbox.call(lambda: ticket.cancel(0.0))
    outbox.granted(ticket)
    outbox.flush()
    assert told == []
