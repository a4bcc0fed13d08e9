"""The core as a whole: reports, pokes, unknown revisions, and invariants under random scripts."""

from hypothesis import given, settings
from hypothesis import strategies as st

from kfsim.base.entropy import SeededEntropy
from kfsim.base.types import ReplicaKey, RevisionKey, ServiceMode
from kfsim.flow import FlowCore, TicketState
from tests.flow.scripts import REVISION, World, make_endpoint, make_target


def test_request_for_an_unknown_revision_is_refused():
    core = FlowCore(entropy=SeededEntropy(1))
    ticket = core.admit(RevisionKey("a", "b"), 0.0, print, print)
    assert ticket.state is TicketState.REJECTED
    assert ticket.rejection is not None
    assert ticket.rejection.status == 503
    ticket.finish(1.0)
    ticket.cancel(1.0)


def test_requests_are_counted_where_they_are():
    world = World(make_target())
    world.admit("a", "b")
    assert (world.core.running(REVISION), world.core.held(REVISION)) == (0, 2)
    world.core.update(make_target(1, 2), 0.0)
    assert (world.core.running(REVISION), world.core.held(REVISION)) == (2, 0)
    assert world.core.running(RevisionKey("a", "b")) == 0


def test_first_request_through_the_activator_pokes_once_per_busy_time():
    world = World(make_target())
    world.admit("a", "b")
    assert [(stat.average_concurrent_requests, stat.request_count) for _, stat in world.pokes] == [
        (1.0, 1.0)
    ]
    (stat,) = world.core.collect(1.0)
    # Two held for the whole second; the one reported early is taken off.
    assert (stat.reporter, stat.average_concurrent_requests, stat.request_count) == (
        "activator",
        1.0,
        1.0,
    )
    for ticket in world.tickets.values():
        ticket.cancel(1.0)
    world.core.collect(2.0)
    assert world.core.collect(3.0) == []
    world.now = 4.0
    world.admit("c")
    assert len(world.pokes) == 2


def test_request_through_the_activator_counts_as_proxied_at_the_replica():
    world = World(make_target(1))
    world.admit("a")
    world.now = 1.0
    activator, replica = world.core.collect(1.0)
    assert activator.reporter == "activator"
    assert activator.proxied_request_count == 0
    assert replica.reporter == "pod-1"
    assert replica.average_concurrent_requests == 1.0
    assert replica.average_proxied_concurrent_requests == 1.0
    assert (replica.request_count, replica.proxied_request_count) == (1.0, 1.0)


def test_request_in_serve_mode_is_seen_by_the_replica_alone():
    world = World(make_target(1, mode=ServiceMode.SERVE))
    world.admit("a", "queued")
    (replica,) = world.core.collect(2.0)
    assert replica.average_concurrent_requests == 2.0
    assert replica.average_proxied_concurrent_requests == 0.0
    assert world.pokes == []


def test_ready_replicas_report_zero_and_idle_revisions_nothing():
    world = World(make_target(1))
    assert [stat.request_count for stat in world.core.collect(1.0)] == [0]
    world.update(make_target())
    assert world.core.collect(2.0) == []
    assert world.core.collect(3.0) == []


def test_unknown_replica_is_drained_at_once():
    world = World(make_target(1))
    assert world.core.begin_drain(ReplicaKey("default", "nobody"), 0.0, lambda: None)
    assert world.core.in_flight(ReplicaKey("default", "nobody")) == 0


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("admit"), st.just(0)),
        st.tuples(st.sampled_from(["finish", "cancel", "first_byte", "retry"]), st.integers(0, 40)),
        st.tuples(st.just("scale"), st.integers(0, 4)),
        st.tuples(st.just("mode"), st.integers(0, 1)),
        st.tuples(st.just("drain"), st.integers(1, 4)),
        st.tuples(st.just("wait"), st.integers(1, 6)),
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(steps=STEPS, container_concurrency=st.integers(0, 5))
def test_every_ticket_ends_once_and_no_replica_runs_more_than_it_may(steps, container_concurrency):
    mode, replicas = ServiceMode.PROXY, 0
    answers: list[str] = []

    def target():
        return make_target(
            *range(1, replicas + 1),
            mode=mode,
            container_concurrency=container_concurrency,
            timeout=10.0,
        )

    world = World(target())
    count = 0
    for step, value in steps:
        if step == "admit":
            count += 1
            world.admit(str(count))
        elif step == "scale":
            replicas = value
            world.update(target())
        elif step == "mode":
            mode = list(ServiceMode)[value]
            world.update(target())
        elif step == "drain":
            world.core.begin_drain(make_endpoint(value).replica, world.now, lambda: None)
        elif step == "wait":
            world.now += value
            world.core.expire(world.now)
        elif (ticket := world.tickets.get(str(value))) is not None:
            if step == "retry":
                world.core.retry(ticket, world.now)
            else:
                getattr(ticket, step)(world.now)
        check(world, container_concurrency)
    for ticket in world.tickets.values():
        ticket.cancel(world.now)
    answers = [line.split(" ")[0] for line in world.told if " to " not in line]
    assert len(answers) == len(set(answers))
    assert all(ticket.ended for ticket in world.tickets.values())
    assert world.core.held(REVISION) == 0
    assert all(world.core.in_flight(make_endpoint(number).replica) == 0 for number in range(1, 5))


def check(world: World, container_concurrency: int) -> None:
    running: dict[ReplicaKey, int] = {}
    for ticket in world.tickets.values():
        if ticket.state in (TicketState.GRANTED, TicketState.STREAMING):
            assert ticket.endpoint is not None
            key = ticket.endpoint.replica
            running[key] = running.get(key, 0) + 1
    if container_concurrency:
        assert all(count <= container_concurrency for count in running.values())


@settings(max_examples=60, deadline=None)
@given(finishes=st.lists(st.integers(0, 30), max_size=40), replicas=st.integers(1, 3))
def test_the_activator_grants_in_the_order_of_arrival(finishes, replicas):
    world = World(make_target())
    world.admit(*(str(number) for number in range(20)))
    world.update(make_target(*range(1, replicas + 1)))
    for number in finishes:
        if str(number) in world.tickets:
            world.finish(str(number))
    granted = [int(line.split(" ")[0]) for line in world.told]
    assert granted == sorted(granted)
