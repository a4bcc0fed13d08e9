"""How long a simulated request takes at its replica: distributions of seconds."""

from collections.abc import Callable
from math import cos, exp, log, pi, sqrt

from kfsim.base.entropy import Entropy

Duration = Callable[[], float]
"""Draws one duration."""


def constant(seconds: float) -> Duration:
    """Always the same."""
    return lambda: seconds


def uniform(low: float, high: float, entropy: Entropy) -> Duration:
    """Anything in [low, high), equally likely."""
    width = high - low
    return lambda: low + width * entropy.uniform()


def exponential(mean: float, entropy: Entropy) -> Duration:
    """Memoryless: mostly short, sometimes several means."""
    return lambda: -mean * log(1.0 - entropy.uniform())


def lognormal(median: float, sigma: float, entropy: Entropy) -> Duration:
    """Half below the median, a long tail above it: the usual shape of inference times."""

    def draw() -> float:
        # Box and Muller's way from two uniform numbers to a normal one.
        radius = sqrt(-2.0 * log(1.0 - entropy.uniform()))
        return median * exp(sigma * radius * cos(2.0 * pi * entropy.uniform()))

    return draw
