"""Scripts of arrivals against one revision."""

import pytest

from kfsim.base.types import ServiceMode
from kfsim.flow import TicketState
from tests.flow.scripts import REVISION, World, make_endpoint, make_target

SERVE = ServiceMode.SERVE


def test_request_at_zero_is_held_and_granted_when_a_replica_is_ready():
    world = World(make_target())
    ticket = world.admit("a")
    assert ticket.state is TicketState.WAITING
    assert ticket.cold
    world.now = 3.0
    world.update(make_target(1))
    assert world.told == ["a to 1"]


def test_request_with_a_free_slot_is_granted_at_once_without_a_callback():
    world = World(make_target(1))
    ticket = world.admit("a")
    assert ticket.state is TicketState.GRANTED
    assert not ticket.cold
    assert world.told == []


@pytest.mark.parametrize("mode", list(ServiceMode))
def test_waiting_requests_run_in_the_order_in_which_they_came(mode):
    world = World(make_target(1, mode=mode))
    world.admit("a", "b", "c", "d")
    world.tickets["c"].cancel(world.now)
    world.finish("a", "b")
    assert world.told == ["b to 1", "d to 1"]


def test_activator_gives_low_concurrency_to_the_first_available_replica():
    world = World(make_target(1, 2, 3, container_concurrency=2))
    world.admit(*"abcdefg")
    assert world.places(*"abcdefg") == ["1", "1", "2", "2", "3", "3", "waits"]


def test_activator_goes_round_above_concurrency_three():
    world = World(make_target(1, 2, 3, container_concurrency=4))
    world.admit(*"abcd")
    assert world.places(*"abcd") == ["1", "2", "3", "1"]


def test_without_a_limit_the_less_loaded_of_two_is_taken():
    world = World(make_target(1, 2, container_concurrency=0))
    world.admit(*"abcdef")
    assert sorted(world.places(*"abcdef")) == ["1", "1", "1", "2", "2", "2"]


def test_without_a_limit_but_without_replicas_requests_are_held():
    world = World(make_target(container_concurrency=0))
    world.admit("a", "b")
    assert world.places("a", "b") == ["waits", "waits"]
    world.update(make_target(1, container_concurrency=0))
    assert world.told == ["a to 1", "b to 1"]


def test_in_serve_mode_a_full_replica_refuses_with_knatives_text():
    world = World(make_target(1, mode=SERVE))
    world.admit(*(f"r{number}" for number in range(11)))  # one runs, ten are queued
    ticket = world.admit("one too many")
    assert ticket.state is TicketState.REJECTED
    assert world.places("one too many") == ["503 pending request queue full"]
    assert world.told == []


def test_in_proxy_mode_the_activator_holds_what_a_replica_would_refuse():
    world = World(make_target(1))
    world.admit(*(f"r{number}" for number in range(12)))
    assert world.core.held(REVISION) == 11
    assert world.core.in_flight(make_endpoint(1).replica) == 1


def test_activator_refuses_the_request_after_ten_thousand_held():
    world = World(make_target())
    world.admit(*(f"r{number}" for number in range(10_000)))
    assert world.places("r9999") == ["waits"]
    world.admit("last")
    assert world.places("last") == ["503 pending request queue full"]


def test_in_serve_mode_without_replicas_the_activator_holds():
    world = World(make_target(mode=SERVE))
    world.admit("a")
    world.update(make_target(1, mode=SERVE))
    assert world.told == ["a to 1"]
    assert world.tickets["a"].via_activator


def test_queued_requests_move_back_when_their_replica_has_gone():
    world = World(make_target(1, mode=SERVE))
    world.admit("a", "b", "c")
    world.update(make_target(mode=SERVE))
    assert world.core.held(REVISION) == 2
    world.update(make_target(2, mode=SERVE))
    world.finish("a", "b")
    assert world.told == ["b to 2", "c to 2"]
    assert world.core.in_flight(make_endpoint(1).replica) == 0


def test_moved_requests_stay_before_those_that_came_later():
    world = World(make_target(1, mode=SERVE))
    world.admit("a", "b", "c")
    world.update(make_target())
    world.admit("d")
    world.update(make_target(2))
    world.finish("b", "c")
    assert world.told == ["b to 2", "c to 2", "d to 2"]


def test_draining_replica_gets_nothing_new_and_works_off_its_queue():
    world = World(make_target(1, 2, mode=SERVE))
    idle = []
    replica = make_endpoint(1).replica
    world.admit("a", "b", "c", "d")
    ours = [name for name in "abcd" if world.tickets[name].replica.endpoint.replica == replica]
    assert len(ours) == 2
    assert not world.core.begin_drain(replica, world.now, lambda: idle.append("idle"))
    world.update(make_target(2, mode=SERVE))
    world.admit("e", "f")
    assert world.core.in_flight(replica) == 2
    world.finish(ours[0])
    assert world.told == [f"{ours[1]} to 1"]
    assert idle == []
    world.finish(ours[1])
    assert idle == ["idle"]


def test_draining_an_idle_replica_is_over_at_once():
    world = World(make_target(1))
    assert world.core.begin_drain(make_endpoint(1).replica, 0.0, lambda: None)
    world.admit("a")
    assert world.places("a") == ["waits"]


@pytest.mark.parametrize(
    ("mode", "text"),
    [(ServiceMode.PROXY, "activator request timeout"), (SERVE, "request timeout")],
)
def test_late_requests_get_504_while_waiting_and_while_running(mode, text):
    world = World(make_target(1, mode=mode, timeout=10.0))
    world.admit("runs", "waits")
    assert world.core.next_deadline() == 10.0
    world.core.expire(9.9)
    assert world.told == []
    world.core.expire(10.0)
    assert world.told == [f"waits 504 {text}", f"runs 504 {text}"]
    assert world.core.in_flight(make_endpoint(1).replica) == 0
    assert world.core.next_deadline() is None


def test_response_start_timeout_ends_with_the_first_byte():
    world = World(make_target(1, 2, response_start_timeout=5.0, timeout=20.0))
    world.admit("answers", "silent")
    world.tickets["answers"].first_byte(1.0)
    world.core.expire(5.0)
    assert world.told == ["silent 504 activator request timeout"]
    assert world.core.next_deadline() == 20.0
    world.core.expire(20.0)
    assert world.told[1:] == ["answers 504 activator request timeout"]


def test_idle_timeout_begins_again_with_every_part_of_the_response():
    world = World(make_target(1, idle_timeout=4.0))
    ticket = world.admit("a")
    ticket.first_byte(3.0)
    ticket.touch(6.0)
    world.core.expire(9.9)
    assert world.told == []
    world.core.expire(10.0)
    assert world.told == ["a 504 activator request timeout"]


def test_no_timeout_means_no_deadline():
    world = World(make_target(timeout=0.0, response_start_timeout=0.0))
    world.admit("a")
    assert world.core.next_deadline() is None


def test_refused_request_goes_to_another_replica_and_later_ones_avoid_the_refusing_one():
    world = World(make_target(1, 2, container_concurrency=2))
    ticket = world.admit("a")
    assert world.core.retry(ticket, 0.0)
    world.admit("b", "c")
    assert world.places("a", "b", "c") == ["2", "2", "waits"]
    assert world.core.in_flight(make_endpoint(1).replica) == 0


def test_refused_request_waits_first_in_line_when_the_others_are_busy():
    world = World(make_target(1, 2))
    world.admit("a", "b", "c")
    assert world.core.retry(world.tickets["a"], 0.0)
    assert world.told == []
    world.finish("b", "a")
    assert world.told == ["a to 2", "c to 2"]


@pytest.mark.parametrize("mode", list(ServiceMode))
@pytest.mark.parametrize("concurrency", [0, 1])
def test_request_that_nobody_accepts_is_held_until_an_update_gives_a_replica(mode, concurrency):
    world = World(make_target(1, mode=mode, container_concurrency=concurrency))
    world.admit("a")
    assert world.core.retry(world.tickets["a"], 0.0)
    later = world.admit("b")
    assert not later.cold
    assert world.places("a", "b") == ["waits", "waits"]
    world.update(make_target(2, mode=mode, container_concurrency=concurrency))
    assert world.told[0] == "a to 2"


def test_held_request_that_nobody_accepts_times_out():
    world = World(make_target(1, timeout=10.0))
    assert world.core.retry(world.admit("a"), 9.99)
    world.core.expire(10.0)
    assert world.told == ["a 504 activator request timeout"]


def test_refusing_replica_is_tried_again_after_rests_that_grow():
    world = World(make_target(1))
    ticket = world.admit("a")
    for rest in (0.05, 0.07, 0.098):
        assert world.core.retry(ticket, world.now)
        assert world.core.next_deadline() == pytest.approx(world.now + rest)
        world.now += rest - 0.001
        world.core.expire(world.now)
        assert ticket.state is TicketState.WAITING
        world.now += 0.002
        world.core.expire(world.now)
        assert ticket.state is TicketState.GRANTED
    ticket.first_byte(world.now)
    ticket.finish(world.now)
    assert world.core.retry(world.admit("b"), world.now)
    assert world.core.next_deadline() == pytest.approx(world.now + 0.05)


def test_what_a_refusing_replica_has_queued_moves_on_behind_the_refused_request():
    world = World(make_target(1, 2, mode=SERVE))
    world.admit(*"abcd")
    ours = [name for name in "abcd" if world.places(name) == ["1"]]
    waiting = [name for name in "abcd" if world.places(name) == ["waits"]]
    assert world.core.retry(world.tickets[ours[0]], 0.0)
    other = next(name for name in "abcd" if name not in (*ours, *waiting))
    for name in (other, *waiting, *ours):
        world.finish(name)
    assert world.core.in_flight(make_endpoint(1).replica) == 0
    assert all(line.endswith(" to 2") for line in world.told)
    assert {line[0] for line in world.told} == {*ours, *waiting}


def test_refused_request_of_a_removed_revision_is_refused():
    world = World(make_target(1))
    ticket = world.admit("a")
    world.core.remove(REVISION, 1.0)
    assert world.core.retry(ticket, 1.0)
    assert world.places("a") == ["503 revision default/iris-00001 was removed"]


def test_request_that_is_not_granted_cannot_be_retried():
    world = World(make_target(1))
    world.admit("a", "b")
    assert not world.core.retry(world.tickets["b"], 0.0)
    world.tickets["a"].first_byte(0.0)
    assert not world.core.retry(world.tickets["a"], 0.0)


def test_removed_revision_refuses_what_it_holds_and_lets_the_rest_end():
    world = World(make_target(1))
    world.admit("a", "b")
    world.core.remove(REVISION, 1.0)
    assert world.told == ["b 503 revision default/iris-00001 was removed"]
    world.finish("a")
    assert world.core.in_flight(make_endpoint(1).replica) == 0
    assert world.core.collect(2.0) == []


def test_switch_to_serve_leaves_held_requests_with_the_activator():
    world = World(make_target(1))
    world.admit("a", "b", "c")
    world.update(make_target(1, mode=SERVE))
    direct = world.admit("d")
    assert not direct.via_activator
    # d came straight to the replica, so it is served there before those still held.
    world.finish("a")
    assert world.told == ["d to 1"]
    world.finish("d", "b")
    assert world.told == ["d to 1", "b to 1", "c to 1"]
