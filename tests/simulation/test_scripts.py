import pytest

from kfsim.base.entropy import SeededEntropy
from kfsim.simulation.scripts import vary


@pytest.mark.parametrize(("seconds", "jitter"), [(2.0, 0.0), (0.0, 0.5)])
def test_nothing_varies_and_no_number_is_drawn(seconds: float, jitter: float) -> None:
    entropy = SeededEntropy(1)
    assert vary(seconds, jitter, entropy) == seconds
    assert entropy.uniform() == SeededEntropy(1).uniform()


def test_durations_vary_by_up_to_the_jitter() -> None:
    entropy = SeededEntropy(1)
    values = [vary(10.0, 0.1, entropy) for _ in range(1000)]
    assert 9 <= min(values) < 9.1
    assert 10.9 < max(values) <= 11
