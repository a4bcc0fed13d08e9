"""A clock that moves only when told to."""

# 2000-01-01T00:00:00Z, the same instant at which virtual time starts.
START_WALL = 946_684_800.0


class FakeClock:
    """For code that reads time but does not wait; code that waits runs on the virtual loop."""

    def __init__(self, now: float = 0.0, *, wall: float = START_WALL) -> None:
        self._now = now
        self._wall = wall

    def now(self) -> float:
        return self._now

    def wall(self) -> float:
        return self._wall

    def advance(self, seconds: float) -> None:
        """Move both scales forward."""
        if seconds < 0:
            raise ValueError(f"time does not run backwards; asked to advance by {seconds} s")
        self._now += seconds
        self._wall += seconds
