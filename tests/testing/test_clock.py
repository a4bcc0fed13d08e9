import pytest

from kfsim.base.clock import format_timestamp
from kfsim.testing.clock import FakeClock


def test_time_stands_until_it_is_advanced() -> None:
    clock = FakeClock()
    assert (clock.now(), format_timestamp(clock.wall())) == (0.0, "2000-01-01T00:00:00Z")
    clock.advance(90.5)
    assert (clock.now(), format_timestamp(clock.wall())) == (90.5, "2000-01-01T00:01:30Z")


def test_time_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="backwards"):
        FakeClock().advance(-1)
