from kfsim.simulation.faults.clock import AdjustableClock
from kfsim.testing.clock import START_WALL, FakeClock


def test_the_wall_clock_is_set_and_monotonic_time_goes_on() -> None:
    inner = FakeClock(10.0)
    clock = AdjustableClock(inner)
    clock.offset = -3600.0
    inner.advance(5)
    assert (clock.now(), clock.wall()) == (15.0, START_WALL + 5 - 3600)
