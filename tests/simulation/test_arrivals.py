import pytest

from kfsim.base.entropy import SeededEntropy
from kfsim.simulation.arrivals import (
    even_arrivals,
    length_of,
    poisson_arrivals,
    quiet,
    ramp,
    spike,
    steady,
)


def test_steady_arrivals_are_evenly_spaced_from_zero() -> None:
    assert list(even_arrivals(steady(4, 1))) == [0.0, 0.25, 0.5, 0.75]


@pytest.mark.parametrize(("rate", "seconds"), [(0.1, 30), (3, 0.1), (1 / 3, 9), (7, 60)])
def test_the_number_of_arrivals_is_the_rate_times_the_seconds(rate: float, seconds: float) -> None:
    expected = -(-round(rate * seconds, 6) // 1)
    assert len(list(even_arrivals(steady(rate, seconds)))) == expected


@pytest.mark.parametrize(("first", "last"), [(0, 10), (10, 0), (2, 8)])
def test_a_ramp_has_the_area_under_it_and_its_moments_ascend(first: float, last: float) -> None:
    moments = list(even_arrivals(ramp(first, last, 20)))
    assert len(moments) == 100
    assert moments == sorted(moments)
    assert moments[-1] < 20
    middle = (first + last) / 2
    half = sum(moment < 10 for moment in moments)
    assert half == pytest.approx((first + middle) / 2 * 10, abs=1)


def test_phases_join_without_a_seam() -> None:
    # 1.5 requests in the first phase: the third arrival is half a request into the second one.
    moments = list(even_arrivals((*steady(1.5, 1), *quiet(10), *steady(10, 1))))
    assert moments[:4] == pytest.approx([0, 1 / 1.5, 11.05, 11.15])


def test_a_spike_is_three_phases() -> None:
    phases = spike(2, 100, before=10, width=1, after=10)
    moments = list(even_arrivals(phases))
    assert length_of(phases) == 21
    assert [len([m for m in moments if low <= m < low + 1]) for low in (9, 10, 11)] == [2, 100, 2]


def test_poisson_arrivals_have_the_rate_and_follow_the_seed() -> None:
    phases = (*ramp(0, 100, 50), *steady(100, 50))
    moments = list(poisson_arrivals(phases, SeededEntropy(1)))
    assert moments == list(poisson_arrivals(phases, SeededEntropy(1)))
    assert moments != list(poisson_arrivals(phases, SeededEntropy(2)))
    assert moments == sorted(moments)
    assert len(moments) == pytest.approx(7500, rel=0.05)
    assert sum(moment < 50 for moment in moments) == pytest.approx(2500, rel=0.1)


def test_quiet_has_no_arrivals() -> None:
    assert list(even_arrivals(quiet(60))) == []
    assert list(poisson_arrivals(quiet(60), SeededEntropy(1))) == []
