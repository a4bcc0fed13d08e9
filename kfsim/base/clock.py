"""Time as an injected value.

Deciding code takes `now`; whoever waits uses asyncio and reads time from a `Clock`. The real clock
reads `time.monotonic()` rather than the loop's time, because uvloop caches its time once per
iteration, floors it to a millisecond, and can fire a timer up to a millisecond early: every timer
callback therefore re-checks its deadline against `Clock.now()`.
"""

import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol


class Clock(Protocol):
    """Where time comes from. Clocks are not derived from it: where it is compiled
    (docs/decisions/0022-compiled-request-path.md), interpreted classes cannot be."""

    def now(self) -> float:
        """Seconds on a monotonic scale; only differences mean something."""
        ...

    def wall(self) -> float:
        """Seconds since the Unix epoch."""
        ...


class RealClock:
    """The host's own time."""

    def now(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()


def format_timestamp(wall: float) -> str:
    """RFC 3339 in UTC with whole seconds, as `metav1.Time` is written."""
    return _format_second(int(wall))


@lru_cache(maxsize=64)  # every reconcile of a second writes the same text
def _format_second(wall: int) -> str:
    return datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_timestamp(text: str) -> float:
    """Unix seconds of an RFC 3339 text; raises ValueError for anything else."""
    parsed = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if parsed.tzinfo is None:
        raise ValueError(f"timestamp {text!r} has no time zone")
    return parsed.timestamp()
