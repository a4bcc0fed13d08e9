"""The metrics of one revision (knative pkg/autoscaler/metrics/collector.go).

Every report goes into four windows: concurrency and requests per second, each over the stable and
over the panic window.
"""

from typing import NamedTuple

from kfsim.autoscaler.spec import DeciderSpec, ScalingMetric
from kfsim.autoscaler.windows import make_window
from kfsim.base.types import Stat


class Observed(NamedTuple):
    """A metric's averages over the two windows."""

    stable: float
    panic: float


class MetricCollection:
    """Collects the reports of one revision, from all its reporters."""

    __slots__ = (
        "_concurrency",
        "_concurrency_panic",
        "_requests",
        "_requests_panic",
        "_scrapes_pods",
    )

    def __init__(self, spec: DeciderSpec) -> None:
        algorithm = spec.aggregation_algorithm
        self._concurrency = make_window(algorithm, spec.stable_window)
        self._concurrency_panic = make_window(algorithm, spec.panic_window)
        self._requests = make_window(algorithm, spec.stable_window)
        self._requests_panic = make_window(algorithm, spec.panic_window)
        self._scrapes_pods = spec.scrapes_pods

    def record(self, stat: Stat, now: float) -> None:
        """Add a report. Proxied requests are subtracted: the activator has counted them."""
        concurrency = stat.average_concurrent_requests - stat.average_proxied_concurrent_requests
        self._concurrency.record(now, concurrency)
        self._concurrency_panic.record(now, concurrency)
        requests = stat.request_count - stat.proxied_request_count
        self._requests.record(now, requests)
        self._requests_panic.record(now, requests)

    def observe(self, metric: str, now: float) -> Observed | None:
        """The averages of a metric; None when pods are scraped and nothing came for a window."""
        if metric == ScalingMetric.RPS:
            stable, panic = self._requests, self._requests_panic
        else:
            stable, panic = self._concurrency, self._concurrency_panic
        if self._scrapes_pods and stable.is_empty(now):
            return None
        return Observed(stable.average(now), panic.average(now))

    def zero_at(self, metric: str) -> float | None:
        """When the last load of a metric leaves the stable window; None without any."""
        window = self._requests if metric == ScalingMetric.RPS else self._concurrency
        return window.zero_at

    def is_zero(self, now: float) -> bool:
        """Whether all averages are zero now and stay so until something else is recorded."""
        return self._concurrency.is_zero(now) and self._requests.is_zero(now)

    def update(self, spec: DeciderSpec, now: float) -> None:
        """Resize the windows in place. The algorithm stays: a revision's never changes."""
        self._concurrency.resize(spec.stable_window, now)
        self._concurrency_panic.resize(spec.panic_window, now)
        self._requests.resize(spec.stable_window, now)
        self._requests_panic.resize(spec.panic_window, now)
        self._scrapes_pods = spec.scrapes_pods
