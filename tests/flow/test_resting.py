"""Which replicas rest, and for how long."""

import pytest

from kfsim.flow.queue_proxy import QueueProxy
from kfsim.flow.resting import Resting
from kfsim.flow.ticket import Ticket
from tests.flow.scripts import make_endpoint


def make_replica() -> QueueProxy[Ticket]:
    return QueueProxy(make_endpoint(1), container_concurrency=1, now=0.0)


def test_refusals_during_a_rest_do_not_prolong_it():
    resting, replica = Resting(), make_replica()
    resting.begin(replica, 1.0)
    resting.begin(replica, 1.04)
    assert resting.earliest() == pytest.approx(1.05)


def test_rests_grow_up_to_five_seconds():
    resting, replica = Resting(), make_replica()
    now, rests = 0.0, []
    for _ in range(20):
        resting.begin(replica, now)
        rests.append(resting.earliest() - now)
        now = resting.earliest()
        assert resting.wake(now)
    assert rests[:2] == pytest.approx([0.05, 0.07])
    assert rests[-1] == pytest.approx(5.0)


def test_wake_ends_only_the_rests_that_are_over():
    resting, first, second = Resting(), make_replica(), make_replica()
    resting.begin(first, 0.0)
    resting.begin(second, 1.0)
    assert not resting.wake(0.04)
    assert resting.wake(0.5)
    assert (first in resting, second in resting) == (False, True)


def test_forgotten_replica_starts_afresh():
    resting, replica = Resting(), make_replica()
    resting.begin(replica, 0.0)
    resting.forget(replica)
    assert resting.earliest() is None
    assert replica.refusals == 0
