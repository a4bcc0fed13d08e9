"""What is too much, who is refused, and who is cut."""

from hypothesis import given
from hypothesis import strategies as st

from kfsim.dataplane.buffered import PATIENCE, BufferedBytes
from kfsim.dataplane.refusals import Refusal, Refusals
from kfsim.testing.clock import FakeClock

LIMIT = 100


class Connection:
    def __init__(self, loose: int = 0) -> None:
        self.loose = loose
        self.cut = False

    def close_now(self) -> None:
        self.cut = True

    def loose_bytes(self) -> int:
        return self.loose


class World:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.refusals = Refusals()
        self.buffered = BufferedBytes(LIMIT, clock=self.clock, refusals=self.refusals)

    @property
    def refused(self) -> int:
        return self.refusals.counts[Refusal.BUFFERED_BYTES]


def test_a_request_that_adds_too_much_is_refused_and_the_next_one_fits_again() -> None:
    world = World()
    assert world.buffered.hold(LIMIT)
    assert not world.buffered.hold(1)
    assert world.refused == 1
    world.buffered.let_go(LIMIT)
    world.buffered.let_go(1)
    assert world.buffered.hold(LIMIT)
    assert world.buffered.total == LIMIT


def test_those_who_are_stuck_for_long_give_way_to_requests() -> None:
    world = World()
    old, young = Connection(), Connection()
    world.buffered.note(old, 50)
    world.clock.advance(PATIENCE)
    world.buffered.note(young, 50)
    assert world.buffered.hold(50)
    assert (old.cut, young.cut) == (True, False)
    assert not world.buffered.hold(1)
    assert not young.cut
    assert world.refused == 2


def test_of_those_who_do_not_read_the_one_stuck_for_longest_is_cut() -> None:
    world = World()
    first, second, third = (Connection() for _ in range(3))
    world.buffered.note(first, 40)
    world.buffered.note(second, 40)
    world.buffered.note(first, 0)  # it has read
    world.buffered.note(first, 40)
    world.buffered.note(third, 40)
    assert [each.cut for each in (first, second, third)] == [False, True, False]
    assert world.buffered.total == 80
    world.buffered.note(second, 0)  # its connection is lost now
    assert world.buffered.total == 80


def test_one_that_only_gets_smaller_cuts_nobody() -> None:
    world = World()
    stuck = Connection()
    world.buffered.note(stuck, 90)
    world.buffered.hold(50)
    world.buffered.note(stuck, 80)
    assert not stuck.cut
    assert world.buffered.total == 130


def test_many_small_ones_are_seen_by_a_look_and_the_largest_are_cut() -> None:
    world = World()
    connections = [Connection(size) for size in (10, 60, 20, 40)]
    world.buffered.measure(130, connections)
    assert [each.cut for each in connections] == [False, True, False, False]
    assert world.buffered.total == 70


def test_a_look_cuts_who_is_stuck_before_anyone_else() -> None:
    world = World()
    stuck, small = Connection(), Connection(60)
    world.buffered.note(stuck, 60)
    world.clock.advance(PATIENCE)
    world.buffered.measure(60, [stuck, small])
    assert (stuck.cut, small.cut) == (True, False)


@given(st.lists(st.tuples(st.sampled_from("hlns"), st.integers(0, 3), st.integers(0, 80))))
def test_all_that_is_counted_is_given_back(
    steps: list[tuple[str, int, int]],
) -> None:
    """h: hold, l: let the request go, n: note, s: a second passes. After each step no more than the
    limit and one read is held."""
    world = World()
    held = [0] * 4
    connections = [Connection() for _ in range(4)]
    for step, which, size in steps:
        if step == "h":
            held[which] += size
            if not world.buffered.hold(size):
                world.buffered.let_go(held[which])
                held[which] = 0
        elif step == "l":
            world.buffered.let_go(held[which])
            held[which] = 0
        elif step == "n":
            world.buffered.note(connections[which], size)
            connections[which].cut = False
        else:
            world.clock.advance(PATIENCE)
        assert world.buffered.total <= LIMIT + 80
    for which in range(4):
        world.buffered.let_go(held[which])
        world.buffered.note(connections[which], 0)
    assert world.buffered.total == 0
