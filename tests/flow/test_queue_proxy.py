from kfsim.base.types import RevisionKey
from kfsim.flow.breaker import BreakerState
from kfsim.flow.queue_proxy import QueueProxy
from kfsim.flow.ticket import Ticket
from tests.flow.scripts import make_endpoint
from tests.flow.test_ticket import Owner


def make_ticket() -> Ticket:
    return Ticket(Owner(), RevisionKey("a", "b"), 0.0, None, None)


def test_without_a_limit_everything_runs():
    proxy = QueueProxy(make_endpoint(1), container_concurrency=0, now=0.0)
    assert {proxy.enter(make_ticket(), 0.0) for _ in range(50)} == {BreakerState.RUNNING}
    assert proxy.in_flight == 50


def test_refused_request_counts_in_the_statistics_but_holds_nothing():
    proxy = QueueProxy(make_endpoint(1), container_concurrency=1, now=0.0)
    states = [proxy.enter(make_ticket(), 0.0) for _ in range(12)]
    assert states == [BreakerState.RUNNING] + 10 * [BreakerState.WAITING] + [BreakerState.REJECTED]
    assert proxy.in_flight == 11
    assert proxy.statistics.report(1.0).request_count == 12


def test_queued_request_that_leaves_hands_its_place_to_nobody():
    proxy = QueueProxy(make_endpoint(1), container_concurrency=1, now=0.0)
    runs, leaves, waits = make_ticket(), make_ticket(), make_ticket()
    for ticket in (runs, leaves, waits):
        proxy.enter(ticket, 0.0)
    assert proxy.leave(leaves, 1.0) is None
    assert proxy.leave(runs, 1.0) is waits
    assert proxy.in_flight == 1
