"""Revisions without replicas and requests are targets alone, and are whole again when needed."""

from kfsim.base.entropy import SeededEntropy
from kfsim.base.types import Endpoint, ReplicaKey, RevisionKey, RevisionTarget, ServiceMode
from kfsim.flow import FlowCore, TicketState

REVISION = RevisionKey("default", "iris-00001")
POD = Endpoint(ReplicaKey("default", "pod-1"), "127.0.0.1", 1)


def make_target(*endpoints, cc=0, timeout=10.0):
    return RevisionTarget(
        REVISION, ServiceMode.PROXY, endpoints, container_concurrency=cc, timeout=timeout
    )


def make_core():
    core = FlowCore(entropy=SeededEntropy(1))
    told = []
    core.on_poke(lambda revision, stat: told.append(revision))
    return core, told


def admit(core, now, grants):
    return core.admit(REVISION, now, grants.append, grants.append)


def is_asleep(core):
    return REVISION in core._asleep and REVISION not in core._revisions


def test_a_revision_at_zero_sleeps_until_its_first_request():
    core, told = make_core()
    core.update(make_target(), 0.0)
    assert is_asleep(core)
    assert core.collect(1.0) == []
    assert (core.held(REVISION), core.running(REVISION), core.direct(REVISION)) == (0, 0, False)
    grants = []
    ticket = admit(core, 2.0, grants)
    assert (ticket.state, ticket.cold, told) == (TicketState.WAITING, True, [REVISION])
    assert core.held(REVISION) == 1
    assert core.next_deadline() == 12.0  # the timeout of the target that slept
    core.update(make_target(POD), 3.0)
    assert grants == [ticket]
    ticket.finish(4.0)


def test_it_sleeps_again_once_nothing_is_left_to_tell():
    core, _ = make_core()
    core.update(make_target(POD), 0.0)
    assert not is_asleep(core)
    ticket = admit(core, 0.0, [])
    core.update(make_target(), 1.0)
    assert not is_asleep(core)  # its request runs on
    ticket.finish(2.0)
    for now in (3.0, 4.0, 5.0):
        core.collect(now)
    assert is_asleep(core)


def test_a_change_while_asleep_counts_when_it_wakes():
    core, _ = make_core()
    core.update(make_target(timeout=10.0), 0.0)
    core.update(make_target(timeout=5.0), 1.0)
    admit(core, 2.0, [])
    assert core.next_deadline() == 7.0


def test_a_removed_revision_is_unknown():
    core, _ = make_core()
    core.update(make_target(), 0.0)
    core.remove(REVISION, 1.0)
    ticket = admit(core, 2.0, [])
    assert ticket.state is TicketState.REJECTED
    assert "not known" in ticket.rejection.reason


def test_a_request_that_gave_up_lets_it_sleep_again():
    core, _ = make_core()
    core.update(make_target(), 0.0)
    admit(core, 1.0, []).cancel(2.0)
    for now in (3.0, 4.0, 5.0):
        core.collect(now)
    assert is_asleep(core)
    assert core.next_deadline() is None or core.expire(99.0) is None
    assert core.next_deadline() is None
