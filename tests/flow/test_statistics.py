"""Per-reporter request statistics."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfsim.flow.statistics import RequestReport, RequestStatistics


def test_concurrency_is_weighted_by_time() -> None:
    statistics = RequestStatistics(0.0)
    statistics.request_in(0.0)
    statistics.request_in(0.5)
    assert statistics.report(1.0) == RequestReport(1.5, 0.0, 2, 0)


def test_requests_in_flight_carry_over_and_counts_do_not() -> None:
    statistics = RequestStatistics(0.0)
    statistics.request_in(0.0)
    statistics.report(1.0)
    assert statistics.report(2.0) == RequestReport(1.0, 0.0, 0, 0)
    assert statistics.in_flight == 1


def test_proxied_requests_count_twice() -> None:
    statistics = RequestStatistics(0.0)
    statistics.request_in(0.0, proxied=True)
    statistics.request_in(0.0)
    statistics.request_out(0.5, proxied=True)
    assert statistics.report(1.0) == RequestReport(1.5, 0.5, 2, 1)


def test_event_from_the_past_adds_no_time() -> None:
    statistics = RequestStatistics(0.0)
    statistics.request_in(1.0)
    statistics.request_in(0.25)
    assert statistics.report(2.0) == RequestReport(1.0, 0.0, 2, 0)


def test_no_time_gives_zero_averages() -> None:
    statistics = RequestStatistics(5.0)
    statistics.request_in(5.0)
    assert statistics.report(5.0) == RequestReport(0.0, 0.0, 1, 0)


def test_idle_until_something_comes_and_after_it_was_reported() -> None:
    statistics = RequestStatistics(0.0)
    assert statistics.is_idle
    statistics.request_in(0.0)
    statistics.request_out(0.5)
    assert not statistics.is_idle
    statistics.report(1.0)
    assert statistics.is_idle


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0, 10)), min_size=1, max_size=20))
def test_average_is_the_sum_of_durations(spans: list[tuple[float, float]]) -> None:
    statistics = RequestStatistics(0.0)
    events = sorted(
        [(min(span), True) for span in spans] + [(max(span), False) for span in spans],
        key=lambda event: event[0],
    )
    for t, arrives in events:
        if arrives:
            statistics.request_in(t)
        else:
            statistics.request_out(t)
    report = statistics.report(10.0)
    total = sum(abs(span[1] - span[0]) for span in spans)
    assert report.average_concurrency == pytest.approx(total / 10, abs=1e-9)
    assert report.request_count == len(spans)
