"""Ratios of rounds, and targets."""

import math

import pytest

from bench.proxies.comparison import Target, median_ratio


@pytest.mark.parametrize(
    ("ours", "theirs", "ratio"),
    [
        pytest.param([2, 4, 6], [2, 2, 2], 2, id="median of the rounds"),
        pytest.param([10, 1, 30], [10, 1, 10], 1, id="a slow moment divides out"),
        pytest.param([3, 8], [0, 4], 2, id="a round without a divisor does not count"),
        pytest.param([3], [-1], math.inf, id="no round counts"),
    ],
)
def test_ratio_is_taken_within_rounds(ours, theirs, ratio):
    assert median_ratio(ours, theirs, float) == ratio


@pytest.mark.parametrize(
    ("target", "ratio", "said"),
    [
        (Target("CPU", 1.5), 1.5, "CPU 1.50 (target at most 1.5: met)"),
        (Target("CPU", 1.5), 1.6, "CPU 1.60 (target at most 1.5: missed)"),
        (Target("rate", 0.9, floor=True), 0.9, "rate 0.90 (target at least 0.9: met)"),
        (Target("rate", 0.9, floor=True), 0.8, "rate 0.80 (target at least 0.9: missed)"),
        (Target("MB/s"), 0.8, "MB/s 0.80"),
    ],
)
def test_target_is_told_beside_the_ratio(target, ratio, said):
    assert target.judge(ratio) == said
