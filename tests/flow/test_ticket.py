"""A ticket changes as its transition table says and in no other way."""

import pytest

from kfsim.base.types import RevisionKey
from kfsim.flow.ticket import TRANSITIONS, Ticket, TicketEvent, TicketState


class Owner:
    """Counts what a ticket gives back."""

    def __init__(self) -> None:
        self.released = 0

    def release(self, ticket, now):
        self.released += 1

    def started(self, ticket, now): ...

    def refresh(self, ticket, now): ...


METHODS = {
    TicketEvent.FIRST_BYTE: Ticket.first_byte,
    TicketEvent.FINISH: Ticket.finish,
    TicketEvent.CANCEL: Ticket.cancel,
}


@pytest.mark.parametrize("state", list(TicketState))
@pytest.mark.parametrize("event", list(METHODS))
def test_events_follow_the_table_and_are_ignored_elsewhere(state, event):
    owner = Owner()
    ticket = Ticket(owner, RevisionKey("a", "b"), 0.0, None, None)
    ticket.state = state
    METHODS[event](ticket, 1.0)
    after = TRANSITIONS[event].get(state, state)
    assert ticket.state is after
    assert owner.released == (after is not state and after >= TicketState.FINISHED)
    METHODS[event](ticket, 1.0)
    assert owner.released <= 1


def test_nothing_leads_out_of_a_final_state():
    final = {state for state in TicketState if state >= TicketState.FINISHED}
    assert not any(final & set(table) for table in TRANSITIONS.values())
