"""When requests arrive: phases of constant or linearly changing rate.

A phase's rate integrates to an expected count. Evenly spaced arrivals happen where that count
passes 0, 1, 2, …; Poisson arrivals where it passes sums of unit exponential draws, which is the
same process with random spacing. What one phase leaves of the way to the next arrival carries over
into the following phase, so phases join without a seam.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log, sqrt

from kfsim.base.entropy import Entropy

# Rates times seconds are rarely exact: 0.1 * 30 is 3.0000000000000004, which is three arrivals.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Phase:
    """`seconds` in which the rate (requests per second) goes from `first` to `last`, linearly."""

    seconds: float
    first: float
    last: float

    @property
    def expected(self) -> float:
        """How many requests it holds on average."""
        return self.seconds * (self.first + self.last) / 2

    def moment(self, count: float) -> float:
        """Seconds into the phase at which `count` requests are expected to have arrived."""
        if count <= 0:
            return 0.0
        if self.first == self.last:
            return count / self.first
        slope = (self.last - self.first) / self.seconds
        # first * t + slope / 2 * t² = count, solved without cancellation near slope 0.
        return 2 * count / (self.first + sqrt(max(0.0, self.first**2 + 2 * slope * count)))


def steady(rate: float, seconds: float) -> tuple[Phase, ...]:
    """The same rate all the time."""
    return (Phase(seconds, rate, rate),)


def ramp(first: float, last: float, seconds: float) -> tuple[Phase, ...]:
    """From one rate to another."""
    return (Phase(seconds, first, last),)


def quiet(seconds: float) -> tuple[Phase, ...]:
    """Nothing arrives."""
    return (Phase(seconds, 0.0, 0.0),)


def spike(
    base: float, peak: float, *, before: float, width: float, after: float
) -> tuple[Phase, ...]:
    """`base` for `before` seconds, `peak` for `width`, `base` again for `after`."""
    return (*steady(base, before), *steady(peak, width), *steady(base, after))


def even_arrivals(phases: Sequence[Phase]) -> Iterator[float]:
    """Evenly spaced arrival times, in seconds from the start; the first one at 0."""
    start, count, done = 0.0, 0.0, 0.0
    for phase in phases:
        expected = phase.expected
        limit = done + expected - _ROUNDING
        while count < limit:
            yield start + phase.moment(count - done)
            count += 1.0
        start += phase.seconds
        done += expected


def poisson_arrivals(phases: Sequence[Phase], entropy: Entropy) -> Iterator[float]:
    """Arrival times of a Poisson process with the phases' rates, in seconds from the start."""
    start, done = 0.0, 0.0
    count = -log(1.0 - entropy.uniform())
    for phase in phases:
        expected = phase.expected
        limit = done + expected
        while count < limit:
            yield start + phase.moment(count - done)
            count -= log(1.0 - entropy.uniform())
        start += phase.seconds
        done = limit


def length_of(phases: Sequence[Phase]) -> float:
    """Seconds from the first phase's start to the last one's end."""
    return sum(phase.seconds for phase in phases)
