"""What the gateway itself tells on /metrics: how requests ended, what is open, what was refused.

    kfsim_gateway_requests_total{outcome="answered",http_response_status_code="503"} 3
    kfsim_gateway_refused_total{reason="connections"} 1

Requests are counted when they are over, each once: what its client saw is its status code, or
`client_lost` where the client left before the end. Upstream's counterpart is the ingress (Envoy,
with names of its own), so these have kfsim's names, but for OpenTelemetry's attribute.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kfsim.dataplane import Gateway

if TYPE_CHECKING:
    from prometheus_client import Metric

_UNREADABLE = "unreadable"
"""No request could be made of what a client sent."""


class GatewayMetrics:
    """A source of /metrics."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def prepare(self) -> None:
        """Everything is counted already."""

    def collect(self) -> "Iterator[Metric]":
        yield self._requests()
        yield self._refused()
        yield from self._counters()
        yield from self._gauges()

    def _requests(self) -> "Metric":
        from prometheus_client.core import CounterMetricFamily  # with the first scrape

        family = CounterMetricFamily(
            "kfsim_gateway_requests",
            "Requests that are over, by how they ended; without a code the client saw none.",
            labels=("outcome", "http_response_status_code"),
        )
        counters = self._gateway.counters
        for outcome, status, count in counters:
            family.add_metric((outcome.replace(" ", "_"), str(status) if status else ""), count)
        for status, count in counters.unreadable.items():
            family.add_metric((_UNREADABLE, str(status)), count)
        return family

    def _refused(self) -> "Metric":
        from prometheus_client.core import CounterMetricFamily

        family = CounterMetricFamily(
            "kfsim_gateway_refused",
            "Requests and connections that were refused, cut or closed, by the limit in the way.",
            labels=("reason",),
        )
        for refusal, count in self._gateway.refusals.counts.items():
            family.add_metric((str(refusal),), count)
        return family

    def _counters(self) -> "Iterator[Metric]":
        from prometheus_client.core import CounterMetricFamily

        gateway = self._gateway
        for name, about, value in (
            (
                "kfsim_gateway_retries",
                "Requests that were sent again: nothing of them had been answered.",
                gateway.counters.retries,
            ),
            (
                "kfsim_gateway_upstream_connections_opened",
                "Connections opened to replicas.",
                gateway.upstreams.opened,
            ),
            (
                "kfsim_gateway_upstream_connections_failed",
                "Connections to replicas that could not be opened.",
                gateway.upstreams.failed,
            ),
        ):
            yield CounterMetricFamily(name, about, value=value)

    def _gauges(self) -> "Iterator[Metric]":
        from prometheus_client.core import GaugeMetricFamily

        gateway = self._gateway
        for name, about, value in (
            ("kfsim_gateway_requests_open", "Requests in flight.", gateway.counters.open),
            (
                "kfsim_gateway_connections_open",
                "Client connections, those between components included.",
                gateway.open_connections,
            ),
            (
                "kfsim_gateway_streams_open",
                "HTTP/2 streams of client connections.",
                gateway.open_streams,
            ),
            (
                "kfsim_gateway_buffered_bytes",
                "Bytes held for requests that wait and clients that do not read.",
                gateway.buffered_bytes,
            ),
            (
                "kfsim_gateway_upstream_connections_idle",
                "Connections to replicas that are kept for the next request.",
                gateway.upstreams.idle,
            ),
        ):
            yield GaugeMetricFamily(name, about, value=value)
