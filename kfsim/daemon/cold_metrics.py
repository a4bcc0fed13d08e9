"""How long answers from zero took, on /metrics: histograms of the whole and of each phase, and the
latest of each revision.

    kfsim_cold_start_seconds_bucket{namespace="default",revision="iris-predictor-00001",le="0.5"} 3
    kfsim_cold_start_phase_seconds_bucket{…,phase="load",le="0.5"} 2
    kfsim_cold_start_phase_latest_seconds{…,phase="load"} 0.3

Counted from the daemon's start, as Prometheus expects: rates and quantiles are the reader's. The
phases are those of `scale_view`: queue, prepare, download, start, load, and answer, which ends with
the first byte.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from kfsim.base.types import ReplicaKey, RevisionKey
from kfsim.controllers.pod.milestones import Milestones
from kfsim.daemon.scale_view import split_phases
from kfsim.dataplane.cold_starts import ColdStart

if TYPE_CHECKING:
    from prometheus_client import Metric

# From a fork of a process to an image of ten gigabytes.
_BOUNDS: Final = (
    0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0,
)  # fmt: skip
_NAMES: Final = (*map(str, _BOUNDS), "+Inf")
_REVISION = ("namespace", "revision")
_PHASE = (*_REVISION, "phase")


@dataclass(slots=True)
class _Times:
    """Starts by bucket, the last one for all that took longer."""

    buckets: list[int] = field(default_factory=lambda: [0] * (len(_BOUNDS) + 1))
    seconds: float = 0.0

    def add(self, seconds: float) -> None:
        self.buckets[bisect_left(_BOUNDS, seconds)] += 1
        self.seconds += seconds

    def accumulated(self) -> list[tuple[str, int]]:
        return list(zip(_NAMES, accumulate(self.buckets), strict=True))


@dataclass(slots=True)
class _Observed:
    """One revision's starts, and the latest one."""

    whole: _Times = field(default_factory=_Times)
    phases: dict[str, _Times] = field(default_factory=dict)
    latest: float = 0.0
    latest_phases: dict[str, float] = field(default_factory=dict)


class ColdStartMetrics:
    """A source of /metrics; `observe` is a listener of `ColdStarts`."""

    def __init__(self, *, milestones: Callable[[ReplicaKey], Milestones | None]) -> None:
        self._milestones = milestones
        self._observed: dict[RevisionKey, _Observed] = {}

    def observe(self, revision: RevisionKey, cold: ColdStart) -> None:
        observed = self._observed.setdefault(revision, _Observed())
        observed.latest = cold.answered - cold.arrived
        observed.latest_phases = split_phases(cold, self._milestones(cold.replica))
        observed.whole.add(observed.latest)
        for phase, seconds in observed.latest_phases.items():
            observed.phases.setdefault(phase, _Times()).add(seconds)

    async def prepare(self) -> None:
        """Everything is counted already."""

    def collect(self) -> "Iterator[Metric]":
        """A portion of a family is a revision."""
        from prometheus_client.core import (  # with the first scrape
            GaugeMetricFamily,
            HistogramMetricFamily,
        )

        observed = tuple(self._observed.items())
        for name, about, labels, rows in _HISTOGRAMS:
            yield HistogramMetricFamily(name, about, labels=labels)
            for revision, each in observed:
                histogram = HistogramMetricFamily(name, about, labels=labels)
                for values, times in rows(revision, each):
                    histogram.add_metric(values, times.accumulated(), times.seconds)
                yield histogram
        for name, about, labels, latest in _GAUGES:
            yield GaugeMetricFamily(name, about, labels=labels)
            for revision, each in observed:
                gauge = GaugeMetricFamily(name, about, labels=labels)
                for values, seconds in latest(revision, each):
                    gauge.add_metric(values, seconds)
                yield gauge


Labels = tuple[str, ...]


def _whole(revision: RevisionKey, each: _Observed) -> Iterable[tuple[Labels, _Times]]:
    yield revision, each.whole


def _phases(revision: RevisionKey, each: _Observed) -> Iterable[tuple[Labels, _Times]]:
    for phase, times in each.phases.items():
        yield (*revision, phase), times


def _latest(revision: RevisionKey, each: _Observed) -> Iterable[tuple[Labels, float]]:
    yield revision, each.latest


def _latest_phases(revision: RevisionKey, each: _Observed) -> Iterable[tuple[Labels, float]]:
    for phase, seconds in each.latest_phases.items():
        yield (*revision, phase), seconds


_WHAT: Final = "queue, prepare, download, start, load, answer"
_HISTOGRAMS: Final = (
    (
        "kfsim_cold_start_seconds",
        "From a request's arrival at zero replicas to the first byte of its answer.",
        _REVISION,
        _whole,
    ),
    (
        "kfsim_cold_start_phase_seconds",
        f"What a cold start went into: {_WHAT}.",
        _PHASE,
        _phases,
    ),
)
_GAUGES: Final = (
    (
        "kfsim_cold_start_latest_seconds",
        "The revision's latest cold start.",
        _REVISION,
        _latest,
    ),
    (
        "kfsim_cold_start_phase_latest_seconds",
        f"What the revision's latest cold start went into: {_WHAT}.",
        _PHASE,
        _latest_phases,
    ),
)
