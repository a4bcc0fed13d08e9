"""The /metrics page."""

import asyncio
from collections.abc import Iterator

import pytest
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics_families,
)
from prometheus_client.parser import text_string_to_metric_families

from kfsim.daemon.metrics import Metrics
from kfsim.testing.clock import FakeClock


class Counted:
    """A source that counts how often it measured."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.measured = 0

    async def prepare(self) -> None:
        self.measured += 1

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(self.name, "How often.", value=self.measured)


async def read(metrics: Metrics, accept: str = "text/plain") -> bytes:
    _, chunks = metrics.render(accept)
    return b"".join([chunk async for chunk in chunks])


async def test_a_scrape_measures_every_source_once() -> None:
    metrics, one, two = Metrics(FakeClock()), Counted("one"), Counted("two")
    metrics.add(one)
    await read(metrics)
    metrics.add(two)
    content_type, _ = metrics.render("text/plain")
    assert content_type.startswith("text/plain")
    body = await read(metrics)
    values = {
        each.name: each.samples[0].value for each in text_string_to_metric_families(body.decode())
    }
    assert values == {"one": 2.0, "two": 1.0}


@pytest.mark.parametrize(
    ("accept", "last"),
    [("application/openmetrics-text; version=1.0.0", b"# EOF\n"), ("*/*", b"one 1.0\n")],
)
async def test_the_format_is_the_scrapers_choice(accept: str, last: bytes) -> None:
    metrics = Metrics(FakeClock())
    metrics.add(Counted("one"))
    assert (await read(metrics, accept)).endswith(last)


class InPortions:
    """One family per revision, and another one behind it."""

    def __init__(self, clock: FakeClock | None = None) -> None:
        self.clock = clock

    async def prepare(self) -> None:
        pass

    def collect(self) -> Iterator[Metric]:
        for number in range(5):
            family = CounterMetricFamily("asked", "How often.\nIn all.", labels=("by",))
            for each in range(number):
                family.add_metric((f"{number}/{each}",), number)
            yield family
            if self.clock is not None:
                self.clock.advance(0.0003)
        yield GaugeMetricFamily("open", "Now.", value=1)


@pytest.mark.parametrize("accept", ["application/openmetrics-text; version=1.0.0", "text/plain"])
async def test_portions_of_a_family_make_one_family(accept: str) -> None:
    metrics = Metrics(FakeClock())
    metrics.add(InPortions())
    text = (await read(metrics, accept)).decode()
    assert text.count("# TYPE asked") == text.count("# HELP asked") == 1
    parse = openmetrics_families if "openmetrics" in accept else text_string_to_metric_families
    asked, opened = parse(text)
    assert len(asked.samples) == 10
    assert (opened.name, opened.samples[0].value) == ("open", 1)


async def test_others_have_the_loop_between_portions() -> None:
    clock, turns = FakeClock(), 0

    async def watch() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    metrics = Metrics(clock)
    metrics.add(InPortions(clock))
    watching = asyncio.ensure_future(watch())
    await read(metrics)
    watching.cancel()
    assert turns >= 2  # 1.5 ms of work, in turns of half a millisecond


async def test_a_large_page_comes_in_chunks() -> None:
    class Large:
        async def prepare(self) -> None:
            pass

        def collect(self) -> Iterator[Metric]:
            for _ in range(100):
                yield GaugeMetricFamily("large", "x" * 1000, value=1)
                yield GaugeMetricFamily("other", "x" * 1000, value=1)

    metrics = Metrics(FakeClock())
    metrics.add(Large())
    _, chunks = metrics.render("")
    sizes = [len(chunk) async for chunk in chunks]
    assert len(sizes) > 5
    assert max(sizes) < 40_000
