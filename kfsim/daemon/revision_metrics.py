"""What Knative's queue-proxy, activator and autoscaler tell of a revision, on /metrics.

    http_server_request_duration_seconds_count{kn_revision_name="iris-predictor-00001",
        http_response_status_code="200",…} 42
    kn_revision_pods_desired{…} 1

Names and attributes are those of Knative since 1.19 (docs: serving-metrics), written as
OpenTelemetry writes them for Prometheus. A revision is shown from its first request or its first
Pod on: thousands that rest from the beginning would make a page of zeros.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from kfsim.api.knative import keys
from kfsim.api.knative.serving import Revision
from kfsim.autoscaler.multiscaler import RevisionScale
from kfsim.autoscaler.spec import ScalingMetric
from kfsim.base.types import RevisionKey
from kfsim.dataplane.durations import BOUNDS, RequestDurations
from kfsim.store import Store

if TYPE_CHECKING:
    from prometheus_client import Metric
    from prometheus_client.core import GaugeMetricFamily

_LABELS = (
    "k8s_namespace_name", "kn_service_name", "kn_configuration_name", "kn_revision_name",
)  # fmt: skip
_GAUGES = (
    ("kn_serving_queue_depth", "Requests at the revision's queue-proxies."),
    ("kn_revision_request_concurrency", "Requests that the activator holds."),
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


class RevisionMetrics:
    """A source of /metrics."""

    def __init__(
        self,
        store: Store,
        *,
        scales: Callable[[], Iterable[tuple[RevisionScale, int]]],
        durations: RequestDurations,
        load: Callable[[RevisionKey], tuple[int, int]],
    ) -> None:
        """`scales` tells each revision's scale and the pods that were asked for (-1: unknown);
        `load` a revision's requests at replicas, and those that wait for one."""
        self._store = store
        self._scales = scales
        self._durations = durations
        self._load = load

    async def prepare(self) -> None:
        """Everything is counted already."""

    def collect(self) -> "Iterator[Metric]":
        from prometheus_client.core import GaugeMetricFamily  # with the first scrape

        yield self._requests()
        gauges = {name: GaugeMetricFamily(name, about, labels=_LABELS) for name, about in _GAUGES}
        for scale, wanted in self._scales():
            revision = scale.status.revision
            if scale.ready_pods or wanted > 0 or self._durations.knows(revision):
                self._add(gauges, scale, wanted, self._labels(revision))
        yield from gauges.values()

    def _requests(self) -> "Metric":
        from prometheus_client.core import HistogramMetricFamily

        family = HistogramMetricFamily(
            "http_server_request_duration_seconds",
            "From a request's arrival to the end of its answer.",
            labels=(*_LABELS, "http_response_status_code"),
        )
        names = [*map(str, BOUNDS), "+Inf"]
        for each in self._durations:
            counts = accumulate(each.buckets)
            family.add_metric(
                (*self._labels(each.revision), str(each.status)),
                list(zip(names, counts, strict=True)),
                each.seconds,
            )
        return family

    def _add(
        self,
        gauges: "dict[str, GaugeMetricFamily]",
        scale: RevisionScale,
        wanted: int,
        labels: Sequence[str],
    ) -> None:
        status, latest = scale.status, scale.status.latest
        running, held = self._load(status.revision)
        values: dict[str, float] = {
            "kn_serving_queue_depth": running,
            "kn_revision_request_concurrency": held,
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
        for name, value in values.items():
            gauges[name].add_metric(labels, value)

    def _labels(self, revision: RevisionKey) -> tuple[str, str, str, str]:
        entry = self._store.entry(Revision, revision.name, revision.namespace)
        of = entry.labels if entry is not None else {}
        return (
            revision.namespace,
            of.get(keys.SERVICE, ""),
            of.get(keys.CONFIGURATION, ""),
            revision.name,
        )
