from kfsim.base.types import RevisionKey
from kfsim.flow.deadlines import Deadlines
from kfsim.flow.ticket import Ticket
from tests.flow.test_ticket import Owner


def make_ticket() -> Ticket:
    return Ticket(Owner(), RevisionKey("a", "b"), 0.0, None, None)


def test_late_tickets_come_in_order_and_once():
    deadlines = Deadlines(5.0)
    first, second, third = make_ticket(), make_ticket(), make_ticket()
    for now, ticket in enumerate((first, second, third)):
        deadlines.start(ticket, float(now))
    deadlines.stop(second)
    assert deadlines.earliest() == 5.0
    assert deadlines.due(6.9) == [first]
    assert deadlines.due(7.0) == [third]
    assert deadlines.earliest() is None


def test_restart_moves_a_watched_ticket_to_the_end_and_ignores_others():
    deadlines = Deadlines(5.0)
    ticket, other = make_ticket(), make_ticket()
    deadlines.start(ticket, 0.0)
    deadlines.restart(ticket, 3.0)
    deadlines.restart(other, 3.0)
    assert deadlines.due(7.9) == []
    assert deadlines.due(8.0) == [ticket]


def test_without_a_duration_nothing_is_watched():
    deadlines = Deadlines()
    deadlines.start(make_ticket(), 0.0)
    assert len(deadlines) == 0
