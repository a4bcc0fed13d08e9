"""The moments of a replica's first start, on the clock, for telling what a cold start took.

    accepted ──▶ begun ──▶ fetching ──▶ fetched ──▶ started ──▶ serving
      (queue)   (prepare)  (download)    (start)     (load)

A replica without an init container goes from begun to started. A moment is kept as it first came:
with several init containers or containers, `fetched` and `started` are the last ones before the
replica serves.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Milestone(StrEnum):
    """In the order in which they come."""

    ACCEPTED = "accepted"
    """Its Pod was seen."""
    BEGUN = "begun"
    """It had GPUs, references and a place, and was handed to the backend."""
    FETCHING = "fetching"
    """The first init container runs: its image is there."""
    FETCHED = "fetched"
    STARTED = "started"
    """The container runs."""
    SERVING = "serving"
    """Its probes pass."""


_LAST_COUNTS = (Milestone.FETCHED, Milestone.STARTED)


@dataclass(slots=True)
class Milestones:
    """Seconds of the clock by milestone; what came after it served first is left out."""

    times: dict[Milestone, float] = field(default_factory=dict)

    def reach(self, milestone: Milestone, now: float) -> None:
        if Milestone.SERVING in self.times:
            return
        if milestone in _LAST_COUNTS:
            self.times[milestone] = now
        else:
            self.times.setdefault(milestone, now)
