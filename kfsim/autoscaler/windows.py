"""Averages of a metric over the last seconds (knative pkg/autoscaler/aggregation/bucketing.go).

Values are added into buckets of `granularity` seconds, kept in a ring of one window. A bucket is
known by its index, floor(time / granularity), so all arithmetic below is on whole numbers. Reports
of one second add up in one bucket; a second without a report is not the same as a report of zero:
holes between two writes count as zeros, while the time after the last write does not count at all.
"""

import math
from collections.abc import Callable, Mapping

# The index of a write that never happened: further back than any window.
_NEVER = -(2**62)
# Weights of the exponential average decay until this share of the sum is reached ...
_WEIGHT_PRECISION = 0.9999
# ... but never slower than this, or a long window would be close to a plain average.
_MINIMUM_COEFFICIENT = 0.2


class LinearWindow:
    """The plain average over the buckets between the first and the last write.

    Recording and averaging cost one step per bucket passed since the last write, at most a window.
    The buckets are made by the first write: most of many idle revisions never see one.
    """

    __slots__ = (
        "_buckets",
        "_empty_after",
        "_first",
        "_granularity",
        "_last",
        "_last_nonzero",
        "_size",
        "_total",
        "_window",
    )

    def __init__(self, window: float, *, granularity: float = 1.0) -> None:
        self._granularity = granularity
        self._first = _NEVER
        self._last = _NEVER
        self._last_nonzero = _NEVER
        self._buckets: list[float] = []
        self._total = 0.0
        self._set_length(window)

    def _set_length(self, window: float) -> None:
        self._window = window
        self._size = math.ceil(window / self._granularity)
        self._empty_after = math.floor(window / self._granularity)

    @property
    def window(self) -> float:
        """Length in seconds."""
        return self._window

    def is_empty(self, now: float) -> bool:
        """Whether the last write is more than one window ago, or never was."""
        return math.floor(now / self._granularity) - self._last > self._empty_after

    def is_zero(self, now: float) -> bool:
        """Whether the average is zero now and stays so until something else is recorded."""
        return math.floor(now / self._granularity) - self._last_nonzero >= self._size

    @property
    def zero_at(self) -> float | None:
        """When the average becomes zero where nothing more is recorded; None without any load."""
        if self._last_nonzero == _NEVER:
            return None
        return (self._last_nonzero + self._size) * self._granularity

    def record(self, now: float, value: float) -> None:
        """Add a value to its bucket; one that is a window or more behind the last is dropped."""
        index = math.floor(now / self._granularity)
        if index != self._last:
            if self._last - index >= self._size:
                return
            if self._first == _NEVER or self._first > index:
                self._first = index
            if index > self._last:
                self._advance(index)
        self._buckets[index % self._size] += value
        self._total += value
        if value and index > self._last_nonzero:
            self._last_nonzero = index

    def _advance(self, index: int) -> None:
        """Make `index` the bucket of the last write; what lies between becomes zero."""
        if index - self._last >= self._size:
            self._first = index
            self._buckets = [0.0] * self._size
            self._total = 0.0
        else:
            for passed in range(self._last + 1, index + 1):
                position = passed % self._size
                self._total -= self._buckets[position]
                self._buckets[position] = 0.0
        self._last = index

    def average(self, now: float) -> float:
        """The average per bucket, rounded to six decimals.

        What has left the window by now shrinks the sum and the number of buckets alike. With a
        window of 60 s and writes at seconds 0..59, a query at 70 averages seconds 11..59.
        """
        index = math.floor(now / self._granularity)
        age = index - self._last
        if age >= self._size:
            return 0.0
        written = self._last - self._first + 1
        if age <= 0:
            return _round(self._total / min(written, self._size))
        total = self._total
        for left in range(self._last + 1, index + 1):
            total -= self._buckets[left % self._size]
        return _round(total / min(written, self._size - age))

    def resize(self, window: float, now: float) -> None:
        """Change the length; the newest buckets that fit are kept."""
        if window == self._window:
            return
        kept, kept_size, fresh = self._buckets, self._size, not self.is_empty(now)
        self._set_length(window)
        if self._last == _NEVER:
            return
        self._buckets = [0.0] * self._size
        self._total = 0.0
        if not fresh:
            self._first = _NEVER
            return
        for index in range(self._last, self._last - min(self._size, kept_size), -1):
            value = kept[index % kept_size]
            self._buckets[index % self._size] = value
            self._total += value
        self._first = self._last - (kept_size - 1)


class WeightedWindow(LinearWindow):
    """An average whose weights decay with age: the newest bucket counts most.

    Not normalised while the window fills, so a new window starts low.
    """

    __slots__ = ("_coefficient",)

    def _set_length(self, window: float) -> None:
        super()._set_length(window)
        self._coefficient = max(
            _MINIMUM_COEFFICIENT, 1 - (1 - _WEIGHT_PRECISION) ** (1 / self._size)
        )

    def average(self, now: float) -> float:
        """The sum of coefficient * (1 - coefficient) ** age * bucket; costs one step per bucket.

        With a coefficient of 0.6, the buckets 10, 10, 5, 5 (newest last) give 5.544.
        """
        age = max(0, math.floor(now / self._granularity) - self._last)
        if age >= self._size:
            return 0.0
        decay = 1 - self._coefficient
        weight = self._coefficient * decay**age
        total = 0.0
        for index in range(self._last, self._last - (self._size - age), -1):
            total += self._buckets[index % self._size] * weight
            weight *= decay
        return total


def _round(value: float) -> float:
    """Six decimals, halves away from zero: hides the residue of adding and subtracting floats."""
    return math.copysign(math.floor(abs(value) * 1e6 + 0.5) / 1e6, value)


# The values of the metric-aggregation-algorithm annotation.
LINEAR = "linear"
WEIGHTED_EXPONENTIAL = "weighted-exponential"
ALGORITHMS: Mapping[str, Callable[..., LinearWindow]] = {
    LINEAR: LinearWindow,
    WEIGHTED_EXPONENTIAL: WeightedWindow,
    "weightedExponential": WeightedWindow,
}


def make_window(algorithm: str, window: float, *, granularity: float = 1.0) -> LinearWindow:
    """A window of the named algorithm; as in Knative an unknown name means linear."""
    return ALGORITHMS.get(algorithm, LinearWindow)(window, granularity=granularity)
