"""Which answer counts as the one from zero."""

from kfsim.base.types import Endpoint, ReplicaKey, RevisionKey
from kfsim.dataplane.cold_starts import ColdStart, ColdStarts
from kfsim.flow import Ticket
from tests.dataplane.worlds import REVISION


def cold_ticket(replica: str, arrived: float, revision: RevisionKey = REVISION) -> Ticket:
    ticket = Ticket(None, revision, arrived, None, None)
    ticket.cold = True
    ticket.endpoint = Endpoint(ReplicaKey("default", replica), "h", 1)
    return ticket


def test_the_first_answer_of_a_replica_counts():
    colds = ColdStarts()
    colds.note(cold_ticket("pod-1", 1.0), 3.0)
    colds.note(cold_ticket("pod-1", 2.0), 3.5)
    assert colds.latest(REVISION) == ColdStart(ReplicaKey("default", "pod-1"), 1.0, 3.0)
    colds.note(cold_ticket("pod-2", 100.0), 101.0)
    assert colds.latest(REVISION) == ColdStart(ReplicaKey("default", "pod-2"), 100.0, 101.0)


def test_an_answer_that_no_replica_gave_does_not():
    colds = ColdStarts()
    ticket = cold_ticket("pod-1", 1.0)
    ticket.endpoint = None
    colds.note(ticket, 2.0)
    assert colds.latest(REVISION) is None


def test_those_longest_ago_are_forgotten():
    colds = ColdStarts()
    keys = [RevisionKey("default", f"r{number}") for number in range(4097)]
    for key in keys:
        colds.note(cold_ticket("pod", 1.0, key), 2.0)
    assert colds.latest(keys[0]) is None
    assert colds.latest(keys[1]) is not None


def test_listeners_are_told_once_per_start():
    colds, told = ColdStarts(), []
    colds.subscribe(lambda revision, cold: told.append((revision, cold.replica.name)))
    for replica in ("pod-1", "pod-1", "pod-2"):
        colds.note(cold_ticket(replica, 1.0), 2.0)
    assert told == [(REVISION, "pod-1"), (REVISION, "pod-2")]
