"""Timestamps as metav1.Time writes them."""

import pytest

from kfsim.base.clock import RealClock, format_timestamp, parse_timestamp


def test_timestamps_read_back() -> None:
    assert format_timestamp(946684800.9) == "2000-01-01T00:00:00Z"
    assert parse_timestamp("2000-01-01T00:00:00Z") == 946684800
    assert parse_timestamp("2000-01-01T01:00:00.5+01:00") == 946684800.5


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        parse_timestamp("2000-01-01T00:00:00")


def test_the_real_clock_never_goes_back() -> None:
    clock = RealClock()
    assert clock.now() <= clock.now()
    assert clock.wall() > 946684800
