"""A clock whose wall time somebody sets, while its monotonic time goes on."""

from kfsim.base.clock import Clock


class AdjustableClock:
    """Another clock's time; `offset` seconds are added to its wall time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.offset = 0.0

    def now(self) -> float:
        return self._clock.now()

    def wall(self) -> float:
        return self._clock.wall() + self.offset
