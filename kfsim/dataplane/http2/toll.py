"""How many of something a peer may send in an interval."""

from kfsim.base.clock import Clock


class Toll:
    """Counts; looks at the clock only when the count is used up."""

    __slots__ = ("_clock", "_interval", "_left", "_limit", "_since")

    def __init__(self, limit: int, interval: float, clock: Clock) -> None:
        """`limit` in `interval` seconds."""
        self._limit = limit
        self._interval = interval
        self._clock = clock
        self._left = limit
        self._since = clock.now()

    def pay(self) -> bool:
        """Count one; False when it is one too many."""
        self._left -= 1
        if self._left >= 0:
            return True
        now = self._clock.now()
        if now - self._since < self._interval:
            return False
        self._since = now
        self._left = self._limit - 1
        return True
