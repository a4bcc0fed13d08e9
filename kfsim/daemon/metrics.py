"""/metrics on the API address: one registry, filled by sources that measure when asked.

A source is a prometheus_client collector with a step before it: what it has to wait for is done in
`prepare`, because `collect` may not wait. Nothing here runs but when somebody scrapes, and
prometheus_client is imported with the first scrape.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Metric


class MetricSource(Protocol):
    """A collector of the registry."""

    async def prepare(self) -> None:
        """Measure what the next `collect` shows."""
        ...

    def collect(self) -> "Iterable[Metric]": ...


class Metrics:
    """The page. Sources are added before or after the first scrape."""

    def __init__(self) -> None:
        self._sources: list[MetricSource] = []
        self._registry: CollectorRegistry | None = None

    def add(self, source: MetricSource) -> None:
        self._sources.append(source)
        if self._registry is not None:
            self._registry.register(source)

    async def render(self, accept: str) -> tuple[bytes, str]:
        """Body and Content-Type for an Accept header: Prometheus' text format or OpenMetrics."""
        from prometheus_client import CollectorRegistry
        from prometheus_client.exposition import choose_encoder

        if self._registry is None:
            self._registry = CollectorRegistry(auto_describe=False)
            for source in self._sources:
                self._registry.register(source)
        for source in self._sources:
            await source.prepare()
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type
