"""The largest decision of the last seconds (knative pkg/autoscaler/aggregation/max).

With a scale-down delay a decision takes effect only when nothing larger was decided during the
delay. Decisions fall into slots of two seconds, the length of the autoscaler's tick.
"""

import math
from collections import deque

SLOT_SECONDS = 2.0


class DelayWindow:
    """Keeps the maximum over the last ceil(delay / 2 s) slots, the current one included."""

    __slots__ = ("_maxima", "_slots")

    def __init__(self, delay: float) -> None:
        self._slots = math.ceil(delay / SLOT_SECONDS)
        # (slot, value), oldest first. Values fall: a value that a newer one reaches is dropped,
        # because it can never be the maximum again.
        self._maxima: deque[tuple[int, int]] = deque()

    def record(self, now: float, value: int) -> int:
        """Add a decision; returns the maximum. Of two in one slot the larger counts."""
        slot = math.floor(now / SLOT_SECONDS)
        while self._maxima and self._maxima[-1][1] <= value:
            self._maxima.pop()
        while self._maxima and slot - self._maxima[0][0] >= self._slots:
            self._maxima.popleft()
        if self._maxima and self._maxima[-1][0] == slot:
            # The slot already holds a larger value; this one can never count.
            return self._maxima[0][1]
        self._maxima.append((slot, value))
        return self._maxima[0][1]
