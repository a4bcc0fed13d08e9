"""What Knative's queue-proxy, activator and autoscaler tell of a revision, on /metrics.

    http_server_request_duration_seconds_count{kn_revision_name="iris-predictor-00001",
        http_response_status_code="200",…} 42
    kn_revision_pods_desired{…} 1

Names and attributes are those of Knative since 1.19 (docs: serving-metrics), written as
OpenTelemetry writes them for Prometheus. A revision is shown from its first request or its first
Pod on: thousands that rest from the beginning would make a page of zeros.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Final

from kfsim.api.knative import keys
from kfsim.api.knative.serving import Revision
from kfsim.autoscaler.multiscaler import RevisionScale
from kfsim.autoscaler.spec import ScalingMetric
from kfsim.base.clock import Clock
from kfsim.base.turns import in_turns
from kfsim.base.types import RevisionKey
from kfsim.dataplane.durations import BOUNDS, Duration, RequestDurations
from kfsim.store import Store

if TYPE_CHECKING:
    from prometheus_client import Metric

_LABELS = (
    "k8s_namespace_name", "kn_service_name", "kn_configuration_name", "kn_revision_name",
)  # fmt: skip
_GAUGES = (
    ("kn_serving_queue_depth", "Requests at the revision's queue-proxies."),
    ("kn_revision_request_concurrency", "Requests that came through the activator."),
    ("kfsim_revision_requests_held", "Requests that wait for a replica at the activator."),
    ("kn_revision_pods_desired", "Pods that the autoscaler wants."),
    ("kn_revision_pods_requested", "Pods that were asked for, within the bounds."),
    # kn.revision.pods.count there; Prometheus keeps that suffix for histograms.
    ("kn_revision_pods_actual", "Pods that are ready."),
    ("kn_revision_capacity_excess", "Excess burst capacity, in requests."),
    ("kn_revision_panic_mode", "1 while the autoscaler panics."),
    ("kn_revision_concurrency_stable", "Requests in flight over the stable window."),
    ("kn_revision_concurrency_panic", "Requests in flight over the panic window."),
    ("kn_revision_concurrency_target", "Requests in flight to aim for, per pod."),
    ("kn_revision_rps_stable", "Requests per second over the stable window."),
    ("kn_revision_rps_panic", "Requests per second over the panic window."),
    ("kn_revision_rps_target", "Requests per second to aim for, per pod."),
)
_UNITS = {ScalingMetric.CONCURRENCY: "concurrency", ScalingMetric.RPS: "rps"}
_PORTION: Final = 16  # gauges; some 100 us to make and to write
_BUCKETS: Final = (*map(str, BOUNDS), "+Inf")
Row = tuple[Sequence[str], dict[str, float]]


class RevisionMetrics:
    """A source of /metrics."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock,
        scales: Callable[[], Iterable[tuple[RevisionScale, int]]],
        durations: RequestDurations,
        load: Callable[[RevisionKey], tuple[int, int]],
        through_activator: Callable[[RevisionKey], int],
    ) -> None:
        """`scales` tells each revision's scale and the pods that were asked for (-1: unknown);
        `load` a revision's requests at replicas, and those that wait for one."""
        self._store = store
        self._clock = clock
        self._scales = scales
        self._durations = durations
        self._load = load
        self._through_activator = through_activator
        self._rows: list[Row] = []

    async def prepare(self) -> None:
        """Read the gauges: each is written for all revisions before the next one."""
        rows: list[Row] = []
        async for scale, wanted in in_turns(self._scales(), self._clock):
            revision = scale.status.revision
            if scale.ready_pods or wanted > 0 or self._durations.knows(revision):
                rows.append((self._labels(revision), self._read(scale, wanted)))
        self._rows = rows

    def collect(self) -> "Iterator[Metric]":
        yield self._requests(())
        for each in self._durations:
            yield self._requests((each,))
        rows, self._rows = self._rows, []
        for name, about in _GAUGES:
            yield from _gauge(name, about, rows)

    def _requests(self, series: Sequence[Duration]) -> "Metric":
        from prometheus_client.core import HistogramMetricFamily  # with the first scrape

        family = HistogramMetricFamily(
            "http_server_request_duration_seconds",
            "From a request's arrival to the end of its answer.",
            labels=(*_LABELS, "http_response_status_code"),
        )
        for each in series:
            family.add_metric(
                (*self._labels(each.revision), str(each.status)),
                list(zip(_BUCKETS, accumulate(each.buckets), strict=True)),
                each.seconds,
            )
        return family

    def _read(self, scale: RevisionScale, wanted: int) -> dict[str, float]:
        status, latest = scale.status, scale.status.latest
        running, held = self._load(status.revision)
        values: dict[str, float] = {
            "kn_serving_queue_depth": running,
            "kn_revision_request_concurrency": self._through_activator(status.revision),
            "kfsim_revision_requests_held": held,
            "kn_revision_pods_actual": scale.ready_pods,
            "kn_revision_capacity_excess": status.excess_burst_capacity,
        }
        if status.desired_scale >= 0:
            values["kn_revision_pods_desired"] = status.desired_scale
        if wanted >= 0:
            values["kn_revision_pods_requested"] = wanted
        unit = _UNITS.get(ScalingMetric(scale.spec.metric))
        values[f"kn_revision_{unit}_target"] = scale.spec.target_value
        if latest is not None:
            values["kn_revision_panic_mode"] = latest.panic_mode
            if latest.scale_valid:
                values[f"kn_revision_{unit}_stable"] = latest.stable_value
                values[f"kn_revision_{unit}_panic"] = latest.panic_value
        return values

    def _labels(self, revision: RevisionKey) -> tuple[str, str, str, str]:
        entry = self._store.entry(Revision, revision.name, revision.namespace)
        of = entry.labels if entry is not None else {}
        return (
            revision.namespace,
            of.get(keys.SERVICE, ""),
            of.get(keys.CONFIGURATION, ""),
            revision.name,
        )


def _gauge(name: str, about: str, rows: Sequence[Row]) -> "Iterator[Metric]":
    """One gauge of all rows that have it, in portions; at least an empty one."""
    from prometheus_client.core import GaugeMetricFamily

    remaining = iter(rows)
    while True:
        family = GaugeMetricFamily(name, about, labels=_LABELS)
        portion = list(islice(remaining, _PORTION))
        for labels, values in portion:
            if name in values:
                family.add_metric(labels, values[name])
        yield family
        if len(portion) < _PORTION:
            return
