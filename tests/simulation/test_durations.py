from collections.abc import Callable
from statistics import mean, median

import pytest

from kfsim.base.entropy import Entropy, SeededEntropy
from kfsim.simulation.durations import Duration, constant, exponential, lognormal, uniform


def test_constant_never_varies() -> None:
    draw = constant(0.2)
    assert {draw() for _ in range(5)} == {0.2}


@pytest.mark.parametrize(
    ("make", "average", "middle"),
    [
        (lambda entropy: uniform(1, 3, entropy), 2.0, 2.0),
        (lambda entropy: exponential(2, entropy), 2.0, 1.386),
        (lambda entropy: lognormal(2, 0.5, entropy), 2.266, 2.0),
    ],
    ids=["uniform", "exponential", "lognormal"],
)
def test_distributions_have_their_mean_and_median(
    make: Callable[[Entropy], Duration], average: float, middle: float
) -> None:
    draw = make(SeededEntropy(1))
    drawn = [draw() for _ in range(20_000)]
    assert min(drawn) >= 0
    assert mean(drawn) == pytest.approx(average, rel=0.03)
    assert median(drawn) == pytest.approx(middle, rel=0.03)
