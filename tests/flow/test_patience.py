"""Which of the three timeouts makes a ticket late."""

import pytest

from kfsim.flow.patience import Patience
from kfsim.flow.ticket import Ticket, TicketState
from tests.flow.scripts import REVISION, make_target
from tests.flow.test_ticket import Owner


def make_ticket() -> Ticket:
    return Ticket(Owner(), REVISION, 0.0, None, None)


def make_patience(**timeouts: float) -> Patience:
    patience = Patience()
    patience.set(make_target(**timeouts))
    return patience


@pytest.mark.parametrize(
    ("timeouts", "shortest"),
    [
        ({"timeout": 10.0, "response_start_timeout": 10.0}, 10.0),
        ({"timeout": 10.0, "response_start_timeout": 4.0}, 4.0),
        ({"timeout": 10.0, "idle_timeout": 2.0}, 2.0),
        ({"timeout": 0.0, "response_start_timeout": 0.0}, 0.0),
    ],
    ids=["total", "start", "idle", "none"],
)
def test_shortest_limit(timeouts, shortest):
    patience = make_patience(**timeouts)
    assert patience.shortest == shortest
    patience.begin(make_ticket(), 0.0)
    assert patience.earliest() == (shortest or None)


def test_ended_ticket_is_not_late():
    patience, ticket = make_patience(timeout=10.0, idle_timeout=5.0), make_ticket()
    patience.begin(ticket, 0.0)
    patience.end(ticket)
    assert patience.due(99.0) == []


def test_limit_that_was_taken_away_still_watches_requests_from_before():
    patience, before, after = (
        make_patience(timeout=10.0, idle_timeout=5.0),
        *(make_ticket() for _ in range(2)),
    )
    patience.begin(before, 0.0)
    patience.set(make_target(timeout=10.0, idle_timeout=0.0))
    patience.begin(after, 0.0)
    patience.end(before)
    assert patience.due(10.0) == [after]


def test_waiting_tickets_come_first():
    patience, runs, waits = make_patience(timeout=10.0), make_ticket(), make_ticket()
    runs.state = TicketState.GRANTED
    patience.begin(runs, 0.0)
    patience.begin(waits, 0.0)
    assert patience.due(10.0) == [waits, runs]
