"""What became of simulated requests."""

from array import array
from dataclasses import dataclass, field

from kfsim.base.types import RevisionKey


@dataclass(slots=True)
class Outcomes:
    """Counts of one traffic source. Every request that was sent is in exactly one of `latencies`
    (answered), `refused` (by HTTP status) and the requests still in flight."""

    sent: int = 0
    cold: int = 0
    """Requests that met a revision without a ready replica, answered or not."""
    latencies: "array[float]" = field(default_factory=lambda: array("d"))
    """Seconds from arrival to answer, in the order of answers."""
    refused: dict[int, int] = field(default_factory=dict)
    by_revision: dict[RevisionKey, int] = field(default_factory=dict)
    """Answers by the revision that gave them."""

    @property
    def answered(self) -> int:
        return len(self.latencies)

    @property
    def in_flight(self) -> int:
        return self.sent - self.answered - sum(self.refused.values())

    def refuse(self, status: int) -> None:
        self.refused[status] = self.refused.get(status, 0) + 1

    def percentile(self, percent: float) -> float:
        """The latency that `percent` of the answers did not exceed (nearest rank)."""
        if not self.latencies:
            raise ValueError("there is no percentile of no answers")
        ordered = sorted(self.latencies)
        rank = max(1, -(-len(ordered) * percent // 100))
        return ordered[int(rank) - 1]

    def __str__(self) -> str:
        refused = " ".join(f"{status}:{count}" for status, count in sorted(self.refused.items()))
        return (
            f"sent {self.sent}, answered {self.answered}, cold {self.cold}, "
            f"refused [{refused}], in flight {self.in_flight}"
        )
