"""Excess burst capacity and the number of activators."""

import pytest

from kfsim.autoscaler.capacity import (
    compute_excess_burst_capacity,
    compute_initial_excess_burst_capacity,
    count_activators,
)
from kfsim.autoscaler.spec import DeciderSpec


@pytest.mark.parametrize(
    ("burst", "ready_pods", "load", "expected"),
    [
        pytest.param(0, 5, 900.0, 0, id="no burst wanted"),
        pytest.param(-1, 50, 0.0, -1, id="unlimited burst"),
        pytest.param(211, 2, 30.0, -41, id="room is short"),
        pytest.param(211, 3, 0.5, 88, id="rounded down"),
        pytest.param(211, 0, 0.0, -211, id="no pods"),
    ],
)
def test_excess(burst: float, ready_pods: int, load: float, expected: int) -> None:
    spec = DeciderSpec(target_burst_capacity=burst, total_value=100)
    excess = compute_excess_burst_capacity(spec, ready_pods=ready_pods, panic_value=load)
    assert excess == expected


@pytest.mark.parametrize(
    ("burst", "initial_scale", "expected"),
    [(0, 3, 0), (-1, 3, -1), (211, 1, -111), (10.5, 1, 89), (100.5, 1, 0), (50, 0, -50)],
)
def test_initial_excess_is_cut_towards_zero(
    burst: float, initial_scale: int, expected: int
) -> None:
    spec = DeciderSpec(target_burst_capacity=burst, initial_scale=initial_scale, total_value=100.0)
    assert compute_initial_excess_burst_capacity(spec) == expected


@pytest.mark.parametrize(
    ("burst", "ready_pods", "expected"),
    [(0, 1000, 2), (-1, 0, 2), (-1, 5, 5), (211, 0, 3), (211, 1, 4)],
)
def test_activators(burst: float, ready_pods: int, expected: int) -> None:
    spec = DeciderSpec(target_burst_capacity=burst, total_value=100, activator_capacity=100)
    assert count_activators(spec, ready_pods=ready_pods) == expected
