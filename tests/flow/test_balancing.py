from collections import Counter

import pytest

from kfsim.base.entropy import SeededEntropy
from kfsim.flow.balancing import FirstAvailable, LeastOfTwo, RoundRobin, make_balancer
from kfsim.flow.queue_proxy import QueueProxy
from kfsim.flow.ticket import Ticket
from tests.flow.scripts import make_endpoint


def make_replicas(count: int) -> list[QueueProxy[Ticket]]:
    return [QueueProxy(make_endpoint(n), container_concurrency=0, now=0.0) for n in range(count)]


@pytest.mark.parametrize(
    ("container_concurrency", "policy"),
    [(0, LeastOfTwo), (1, FirstAvailable), (3, FirstAvailable), (4, RoundRobin)],
)
def test_policy_follows_container_concurrency(container_concurrency, policy):
    assert type(make_balancer(container_concurrency, SeededEntropy(1))) is policy


def test_least_of_two_never_takes_the_most_loaded_of_many():
    balancer = LeastOfTwo(SeededEntropy(1))
    replicas = make_replicas(4)
    replicas[2].in_flight = 9
    balancer.set_targets(replicas)
    picks = Counter(id(balancer.take()) for _ in range(400))
    assert id(replicas[2]) not in picks
    assert len(picks) == 3


def test_round_robin_skips_full_replicas_and_wraps():
    balancer = RoundRobin(4)
    replicas = make_replicas(3)
    replicas[1].activator_slots = 4
    balancer.set_targets(replicas)
    assert [balancer.take().endpoint.port - 9000 for _ in range(4)] == [0, 2, 0, 2]


def test_slots_survive_a_change_of_targets():
    balancer = FirstAvailable(1)
    first, second = make_replicas(2)
    balancer.set_targets([first])
    assert balancer.take() is first
    balancer.set_targets([second, first])
    assert balancer.take() is second
    assert balancer.take() is None
    balancer.release(first)
    assert balancer.take() is first


def test_release_of_a_replica_that_is_no_target_frees_nothing():
    balancer = FirstAvailable(1)
    (replica,) = make_replicas(1)
    balancer.set_targets([replica])
    balancer.take()
    balancer.set_targets([])
    balancer.release(replica)
    assert balancer.take() is None
