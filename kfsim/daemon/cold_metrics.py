"""How long answers from zero took, on /metrics: a histogram of the whole, a summary per phase.

    kfsim_cold_start_seconds_bucket{namespace="default",revision="iris-predictor-00001",le="0.5"} 3
    kfsim_cold_start_phase_seconds_sum{…,phase="load"} 0.9

Counted from the daemon's start, as Prometheus expects: rates and quantiles are the reader's.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING

from kfsim.base.types import ReplicaKey, RevisionKey
from kfsim.controllers.pod.milestones import Milestones
from kfsim.daemon.scale_view import split_phases
from kfsim.dataplane.cold_starts import ColdStart

if TYPE_CHECKING:
    from prometheus_client import Metric

# From a fork of a process to an image of ten gigabytes.
_BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
_REVISION = ("namespace", "revision")


@dataclass(slots=True)
class _Observed:
    """One revision's: starts by bucket, the last one for all that took longer."""

    buckets: list[int] = field(default_factory=lambda: [0] * (len(_BOUNDS) + 1))
    seconds: float = 0.0
    phases: dict[str, tuple[int, float]] = field(default_factory=dict)

    def add(self, seconds: float, phases: dict[str, float]) -> None:
        self.buckets[bisect_left(_BOUNDS, seconds)] += 1
        self.seconds += seconds
        for phase, amount in phases.items():
            count, total = self.phases.get(phase, (0, 0.0))
            self.phases[phase] = (count + 1, total + amount)


class ColdStartMetrics:
    """A source of /metrics; `observe` is a listener of `ColdStarts`."""

    def __init__(self, *, milestones: Callable[[ReplicaKey], Milestones | None]) -> None:
        self._milestones = milestones
        self._observed: dict[RevisionKey, _Observed] = {}

    def observe(self, revision: RevisionKey, cold: ColdStart) -> None:
        phases = split_phases(cold, self._milestones(cold.replica))
        observed = self._observed.setdefault(revision, _Observed())
        observed.add(cold.answered - cold.arrived, phases)

    async def prepare(self) -> None:
        """Everything is counted already."""

    def collect(self) -> "Iterator[Metric]":
        # with the first scrape
        from prometheus_client.core import HistogramMetricFamily, SummaryMetricFamily

        whole = HistogramMetricFamily(
            "kfsim_cold_start_seconds",
            "From a request's arrival at zero replicas to the first byte of its answer.",
            labels=_REVISION,
        )
        phases = SummaryMetricFamily(
            "kfsim_cold_start_phase_seconds",
            "What a cold start went into: queue, prepare, download, start, load, answer.",
            labels=(*_REVISION, "phase"),
        )
        names = [*map(str, _BOUNDS), "+Inf"]
        for revision, observed in self._observed.items():
            counts = list(accumulate(observed.buckets))
            buckets = list(zip(names, counts, strict=True))
            whole.add_metric(revision, buckets, observed.seconds)
            for phase, (count, total) in observed.phases.items():
                phases.add_metric((*revision, phase), count, total)
        yield whole
        yield phases
