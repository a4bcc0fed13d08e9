"""Decisions: rate limits, panic, activation scale, delay, and when a decider may sleep."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfsim.autoscaler.decider import Decider
from kfsim.autoscaler.spec import DeciderSpec
from kfsim.base.types import RevisionKey, Stat

REVISION = RevisionKey("default", "iris")
SPEC = DeciderSpec(target_value=7.0, total_value=10.0, stable_window=60.0, panic_window=6.0)

# Sixty seconds apart, but not as floats.
FLOAT_START, FLOAT_END = 4.4, 64.4


def make_stat(concurrency: float) -> Stat:
    return Stat(REVISION, "pod", concurrency)


def run(decider: Decider, loads: list[float], *, ready_pods: int, start: int = 0) -> list[int]:
    """One report a second and a decision every other; returns what was decided."""
    decisions = []
    for second, load in enumerate(loads, start):
        decider.record(make_stat(load), second)
        if second % 2 == 0:
            decisions.append(decider.scale(ready_pods, second).desired_pod_count)
    return decisions


def test_no_reports_give_no_decision() -> None:
    decider = Decider(SPEC, initial_ready_pods=0, now=0.0)
    result = decider.scale(0, 2.0)
    assert not result.scale_valid
    assert "no reports in the last 60s" in result.reasons[0]


def test_steady_load_wants_load_over_target() -> None:
    decider = Decider(SPEC, initial_ready_pods=1, now=0.0)
    assert run(decider, [10.0] * 9, ready_pods=2)[-1] == 2


@pytest.mark.parametrize(
    ("rate", "ready_pods", "expected"), [(1.1, 1, 2), (2.0, 3, 6), (1.5, 0, 2)]
)
def test_upper_rate_limit_rounds_up(rate: float, ready_pods: int, expected: int) -> None:
    decider = Decider(replace(SPEC, max_scale_up_rate=rate), initial_ready_pods=1, now=0.0)
    assert run(decider, [1000.0], ready_pods=ready_pods) == [expected]


@pytest.mark.parametrize(("reachable", "expected"), [(True, 5), (False, 1)])
def test_lower_rate_limit_holds_for_reachable_revisions(reachable: bool, expected: int) -> None:
    decider = Decider(replace(SPEC, reachable=reachable), initial_ready_pods=1, now=0.0)
    assert run(decider, [1.0], ready_pods=10) == [expected]


def test_panic_begins_at_the_threshold_keeps_its_floor_and_ends_a_window_later() -> None:
    decider = Decider(SPEC, initial_ready_pods=1, now=0.0)
    run(decider, [1.0] * 60, ready_pods=1)
    # 14 over a target of 7 is exactly twice what one ready pod should bear.
    run(decider, [20.0] * 7, ready_pods=1, start=60)
    panicking = decider.scale(1, 66.0)
    assert panicking.panic_mode
    assert panicking.panic_since == 66.0
    floor = panicking.max_panic_pods
    run(decider, [1.0] * 60, ready_pods=floor, start=67)
    still = decider.scale(floor, 126.0)
    assert still.panic_mode
    assert still.desired_pod_count == floor
    decider.record(make_stat(1.0), 128.0)
    after = decider.scale(floor, 128.0)
    assert not after.panic_mode
    assert after.max_panic_pods == 0


@pytest.mark.parametrize(("load", "panics"), [(14.0, True), (13.9, True), (7.0, False)])
def test_twice_what_ready_pods_bear_is_cause_to_panic(load: float, panics: bool) -> None:
    decider = Decider(SPEC, initial_ready_pods=1, now=0.0)
    decider.record(make_stat(load), 0.0)
    assert decider.scale(1, 0.0).panic_mode == panics


def test_panic_end_is_strictly_after_a_window_despite_inexact_floats() -> None:
    assert FLOAT_END - FLOAT_START > 60
    decider = Decider(SPEC, initial_ready_pods=5, now=FLOAT_START)
    decider.record(make_stat(0.0), 62.0)
    assert decider.scale(5, FLOAT_END).panic_mode
    assert not decider.scale(5, FLOAT_END + 0.1).panic_mode


def test_decider_that_starts_with_pods_starts_in_panic() -> None:
    decider = Decider(SPEC, initial_ready_pods=4, now=0.0)
    assert run(decider, [0.0], ready_pods=4) == [4]
    assert not Decider(SPEC, initial_ready_pods=1, now=0.0).scale(1, 2.0).panic_mode


def test_activation_scale_passes_the_rate_limit_but_needs_load() -> None:
    spec = replace(SPEC, activation_scale=6, max_scale_up_rate=2.0)
    assert run(Decider(spec, initial_ready_pods=0, now=0.0), [1.0], ready_pods=1) == [6]
    assert run(Decider(spec, initial_ready_pods=0, now=0.0), [0.0], ready_pods=1) == [0]


def test_activation_scale_raises_the_panic_window_on_its_own() -> None:
    spec = replace(SPEC, activation_scale=6)
    decider = Decider(spec, initial_ready_pods=2, now=0.0)
    # More proxied than counted: the stable window is below zero, the panic window above.
    decider.record(Stat(REVISION, "pod", 0.0, 700.0), 0.0)
    decider.record(make_stat(6.0), 10.0)
    assert decider.scale(2, 10.0).desired_pod_count == 6


def test_scale_down_delay_keeps_the_largest_recent_decision() -> None:
    spec = replace(SPEC, scale_down_delay=4.0, stable_window=6.0, panic_window=1.0)
    decider = Decider(spec, initial_ready_pods=1, now=0.0)
    assert run(decider, [35.0, 0, 0, 0, 0, 0, 0, 0, 0], ready_pods=5)[:2] == [5, 5]
    unreachable = Decider(replace(spec, reachable=False), initial_ready_pods=1, now=0.0)
    assert run(unreachable, [35.0, 0, 0, 0], ready_pods=5) == [5, 2]


def test_rps_metric_uses_request_counts() -> None:
    decider = Decider(replace(SPEC, metric="rps"), initial_ready_pods=1, now=0.0)
    decider.record(Stat(REVISION, "pod", 0.0, request_count=21), 0.0)
    assert decider.scale(3, 0.0).desired_pod_count == 3


def test_reasons_tell_why() -> None:
    decider = Decider(SPEC, initial_ready_pods=1, now=0.0)
    decider.record(make_stat(70.0), 0.0)
    reasons = "; ".join(decider.scale(1, 0.0).reasons)
    assert "concurrency 70 over 60s" in reasons
    assert "want 10 and 10 pods" in reasons
    assert "panic begins" in reasons


@given(
    st.lists(st.sampled_from([0.0, 0.0, 0.0, 5.0, 80.0]), max_size=30),
    st.integers(0, 3),
    st.sampled_from([0.0, 8.0]),
    st.booleans(),
)
def test_quiet_decider_repeats_itself(
    loads: list[float], ready_pods: int, delay: float, scrapes_pods: bool
) -> None:
    spec = replace(
        SPEC,
        stable_window=6.0,
        panic_window=2.0,
        scale_down_delay=delay,
        scrapes_pods=scrapes_pods,
    )
    decider = Decider(spec, initial_ready_pods=ready_pods, now=0.0)
    run(decider, loads, ready_pods=ready_pods)
    now = len(loads) + 30.0
    for tick in range(20):
        at = now + 2.0 * tick
        latest = decider.scale(ready_pods, at)
        if decider.is_quiet(at):
            break
    else:
        pytest.fail("an idle decider never becomes quiet")
    for ahead in range(2, 40, 2):
        later = decider.scale(ready_pods, at + ahead)
        assert later.scale_valid == latest.scale_valid
        assert later.desired_pod_count == latest.desired_pod_count
        assert later.panic_mode == latest.panic_mode
        assert later.excess_burst_capacity == latest.excess_burst_capacity


def test_decider_is_not_quiet_while_a_delay_holds_pods() -> None:
    spec = replace(
        SPEC, stable_window=6.0, panic_window=1.0, panic_threshold=10.0, scale_down_delay=20.0
    )
    decider = Decider(spec, initial_ready_pods=1, now=0.0)
    decisions = run(decider, [35.0] + [0.0] * 14, ready_pods=1)
    assert decisions[-1] == 5
    assert not decider.is_quiet(14.0)
    run(decider, [0.0] * 13, ready_pods=1, start=15)
    assert decider.scale(1, 28.0).desired_pod_count == 0
    assert decider.is_quiet(28.0)


def test_report_of_zero_wakes_only_who_had_no_data() -> None:
    decider = Decider(SPEC, initial_ready_pods=0, now=0.0)
    decider.scale(0, 2.0)
    assert decider.is_quiet(2.0)
    assert decider.wakes(make_stat(0.0))
    decider.record(make_stat(0.0), 3.0)
    assert not decider.is_quiet(3.0)
    decider.scale(0, 4.0)
    assert decider.is_quiet(4.0)
    assert not decider.wakes(make_stat(0.0))
    assert decider.wakes(make_stat(0.1))
