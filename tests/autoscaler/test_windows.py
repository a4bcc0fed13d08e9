"""Metric windows against a model that keeps every write."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfsim.autoscaler.windows import LinearWindow, WeightedWindow, make_window

# Writes as (seconds since the previous one, value).
WRITES = st.lists(
    st.tuples(st.integers(0, 14), st.sampled_from([0.0, 1.0, 2.5, 7.0, 100.0])), max_size=40
)


class NaiveWindow:
    """Keeps all buckets for ever and works out everything at query time."""

    def __init__(self, window: int) -> None:
        self.window = window
        self.buckets: dict[int, float] = {}
        self.first = self.last = -math.inf

    def record(self, second: int, value: float) -> None:
        if second - self.last >= self.window:
            self.first = second
            self.buckets.clear()
        self.last = second
        self.buckets[second] = self.buckets.get(second, 0.0) + value

    def average(self, second: int) -> float:
        start = max(self.first, second - self.window + 1)
        if second - self.last >= self.window:
            return 0.0
        values = [value for at, value in self.buckets.items() if at >= start]
        return sum(values) / (self.last - start + 1)

    def weighted(self, second: int, coefficient: float) -> float:
        return sum(
            value * coefficient * (1 - coefficient) ** (second - at)
            for at, value in self.buckets.items()
            if second - at < self.window
        )


@given(WRITES, st.integers(1, 12), st.integers(0, 30))
def test_linear_average_equals_the_naive_one(
    writes: list[tuple[int, float]], size: int, later: int
) -> None:
    window, naive, second = LinearWindow(size), NaiveWindow(size), 100
    for passed, value in writes:
        second += passed
        window.record(second + 0.4, value)
        naive.record(second, value)
        assert window.average(second) == pytest.approx(naive.average(second), abs=1e-6)
    assert window.average(second + later) == pytest.approx(naive.average(second + later), abs=1e-6)
    assert window.is_empty(second + later) == (second + later - naive.last > size)


@given(WRITES, st.integers(1, 30), st.integers(0, 40))
def test_weighted_average_equals_the_naive_one(
    writes: list[tuple[int, float]], size: int, later: int
) -> None:
    window, naive, second = WeightedWindow(size), NaiveWindow(size), 100
    coefficient = max(0.2, 1 - 0.0001 ** (1 / size))
    for passed, value in writes:
        second += passed
        window.record(second, value)
        naive.record(second, value)
    at = second + later
    assert window.average(at) == pytest.approx(naive.weighted(at, coefficient), abs=1e-6)


@given(WRITES, st.integers(1, 12), st.integers(0, 30))
def test_zero_window_averages_zero_from_then_on(
    writes: list[tuple[int, float]], size: int, later: int
) -> None:
    window, second = LinearWindow(size), 100
    for passed, value in writes:
        second += passed
        window.record(second, value)
    second += later
    if window.is_zero(second):
        assert all(window.average(second + ahead) == 0 for ahead in range(3))
    elif window.average(second) == 0:
        pytest.fail("an average of zero over non-negative values is not seen as zero")


def test_weights_of_the_documented_example() -> None:
    window = WeightedWindow(4)
    window._coefficient = 0.6
    for second, value in enumerate([10, 10, 5, 5]):
        window.record(second, value)
    assert window.average(3) == pytest.approx(5.544)


def test_stale_tail_shrinks_sum_and_count() -> None:
    window = LinearWindow(60)
    for second in range(60):
        window.record(second, float(second))
    assert window.average(70) == pytest.approx(sum(range(11, 60)) / 49, abs=1e-6)


def test_write_one_window_late_is_dropped_and_a_younger_one_is_added() -> None:
    window = LinearWindow(10)
    window.record(20, 1.0)
    window.record(10, 100.0)
    assert window.average(20) == 1.0
    window.record(11, 9.0)
    assert window.average(20) == 1.0


def test_empty_is_strictly_more_than_a_window() -> None:
    window = LinearWindow(10)
    assert window.is_empty(0)
    window.record(0, 1.0)
    assert not window.is_empty(10)
    assert window.average(10) == 0.0
    assert window.is_empty(11)


@pytest.mark.parametrize("size", [5, 30], ids=["shrunk", "grown"])
def test_resize_keeps_the_newest_buckets(size: int) -> None:
    window = LinearWindow(20)
    for second in range(20):
        window.record(second, float(second) if second >= 16 else 0.0)
    window.resize(size, 19)
    # Shrunk to 15..19 holds 16+17+18+19 = 70 over 5; grown still divides by the 20 written.
    assert window.average(19) == pytest.approx(70 / min(size, 20))
    assert window.window == size


def test_resize_of_a_stale_window_starts_over() -> None:
    window = LinearWindow(10)
    window.record(0, 5.0)
    window.resize(20, 50)
    assert window.average(50) == 0
    window.record(51, 3.0)
    assert window.average(51) == 3.0


def test_halves_round_away_from_zero() -> None:
    window = LinearWindow(4)
    window.record(0, 0.0000005)
    assert window.average(0) == 0.000001
    window.record(0, -0.000001)
    assert window.average(0) == -0.000001


@pytest.mark.parametrize(
    ("algorithm", "kind"),
    [
        ("linear", LinearWindow),
        ("weighted-exponential", WeightedWindow),
        ("weightedExponential", WeightedWindow),
        ("else", LinearWindow),
    ],
)
def test_algorithm_names(algorithm: str, kind: type) -> None:
    assert type(make_window(algorithm, 60.0)) is kind


def test_a_window_without_a_write_can_be_asked_and_resized() -> None:
    window = LinearWindow(60)
    assert window.average(5.0) == 0.0
    assert window.is_empty(5.0)
    assert window.is_zero(5.0)
    window.resize(120, 5.0)
    window.record(10.0, 3.0)
    assert window.average(10.0) == 3.0
