import pytest

from kfsim.api.core import Probe
from kfsim.replicas.probes import ProbeTiming, begin_probe, resolve_timing, step_probe


def run(state, outcomes):
    """Feed outcomes, each at the moment it is due; returns the final state and all turns."""
    turns = []
    for success in outcomes:
        at = state.due
        step = step_probe(state, at, success=success)
        state = step.state
        if step.turned is not None:
            turns.append((at, step.turned))
    return state, turns


def test_absent_and_zero_fields_take_kubernetes_defaults():
    assert resolve_timing(Probe()) == ProbeTiming(0, 10, 1, 1, 3)
    assert resolve_timing(Probe(period_seconds=0, failure_threshold=0)) == ProbeTiming(
        0, 10, 1, 1, 3
    )


def test_given_fields_are_kept():
    probe = Probe(
        initial_delay_seconds=4,
        period_seconds=5,
        timeout_seconds=2,
        success_threshold=2,
        failure_threshold=7,
    )
    assert resolve_timing(probe) == ProbeTiming(4, 5, 2, 2, 7)


@pytest.mark.parametrize(
    ("probe", "outcomes", "turns"),
    [
        pytest.param(Probe(), [True], [(100, True)], id="first success passes"),
        pytest.param(Probe(), [False, False], [], id="two failures decide nothing"),
        pytest.param(Probe(), [False] * 3, [(120, False)], id="three failures in a row fail"),
        pytest.param(
            Probe(), [False, False, True, False, False], [(120, True)], id="a success starts over"
        ),
        pytest.param(
            Probe(success_threshold=2),
            [True, False, True, True],
            [(130, True)],
            id="successes must follow each other",
        ),
        pytest.param(
            Probe(initial_delay_seconds=5, period_seconds=2, failure_threshold=1),
            [True, False, True],
            [(105, True), (107, False), (109, True)],
            id="turns both ways",
        ),
    ],
)
def test_thresholds_and_periods(probe, outcomes, turns):
    assert run(begin_probe(resolve_timing(probe), 100, fast=False), outcomes)[1] == turns


def test_a_fast_probe_is_tried_every_ten_milliseconds_then_more_slowly():
    state = begin_probe(resolve_timing(Probe()), 0, fast=True)
    gaps = []
    while state.due < 20:
        before = state.due
        state = step_probe(state, state.due, success=False).state
        gaps.append(round(state.due - before, 3))
    assert gaps[0] == 0.01
    assert sorted(set(gaps)) == [0.01, 0.025, 0.1]


def test_a_fast_probe_counts_one_failure_a_period_and_never_loses_its_pace():
    state = begin_probe(resolve_timing(Probe(failure_threshold=2)), 0, fast=True)
    counted = []
    while state.due < 35:
        at = state.due
        step = step_probe(state, at, success=False)
        state = step.state
        if step.counted:
            counted.append((round(at), step.turned))
    assert counted == [(10, None), (20, False), (30, False)]
    assert state.in_a_hurry


def test_a_passing_fast_probe_falls_back_to_its_period():
    state = begin_probe(resolve_timing(Probe(period_seconds=5)), 0, fast=True)
    step = step_probe(state, 0.0, success=True)
    assert (step.turned, step.state.due, step.state.in_a_hurry) == (True, 5.0, False)


def test_a_slow_attempt_does_not_make_up_for_lost_time():
    state = begin_probe(resolve_timing(Probe(period_seconds=1)), 0, fast=False)
    assert step_probe(state, 3.5, success=True).state.due == 3.5


@pytest.mark.parametrize(
    ("started", "due"),
    [(None, 130), (100, 130), (90, 120), (40, 100)],
    ids=["just started", "the same", "a while ago", "longer ago than the delay"],
)
def test_the_initial_delay_counts_from_the_containers_start(started, due):
    timing = resolve_timing(Probe(initial_delay_seconds=30))
    assert begin_probe(timing, 100, fast=False, started=started).due == due
