"""The /metrics page."""

from collections.abc import Iterator

import pytest
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families

from kfsim.daemon.metrics import Metrics


class Counted:
    """A source that counts how often it measured."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.measured = 0

    async def prepare(self) -> None:
        self.measured += 1

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(self.name, "How often.", value=self.measured)


async def test_a_scrape_measures_every_source_once() -> None:
    metrics, one, two = Metrics(), Counted("one"), Counted("two")
    metrics.add(one)
    await metrics.render("")
    metrics.add(two)
    body, content_type = await metrics.render("text/plain")
    assert content_type.startswith("text/plain")
    values = {
        each.name: each.samples[0].value for each in text_string_to_metric_families(body.decode())
    }
    assert values == {"one": 2.0, "two": 1.0}


@pytest.mark.parametrize(
    ("accept", "last"),
    [("application/openmetrics-text; version=1.0.0", b"# EOF\n"), ("*/*", b"one 1.0\n")],
)
async def test_the_format_is_the_scrapers_choice(accept: str, last: bytes) -> None:
    metrics = Metrics()
    metrics.add(Counted("one"))
    body, _ = await metrics.render(accept)
    assert body.endswith(last)
