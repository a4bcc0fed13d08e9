"""/metrics on the API address: sources that measure when asked, written in portions.

A source is a prometheus_client collector with a step before it: what it has to wait for is done in
`prepare`, because `collect` may not wait. A page can tell of thousands of revisions, and requests
share the loop: so a source may yield a family in several portions of the same name, one after the
other, each of which is quickly made; the loop has its turn between them. Nothing here runs but when
somebody scrapes, and prometheus_client is imported with the first scrape.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from kfsim.base.clock import Clock
from kfsim.base.turns import in_turns

if TYPE_CHECKING:
    from prometheus_client import Metric

_CHUNK = 32 * 1024
_END = b"# EOF\n"  # of OpenMetrics, once


class MetricSource(Protocol):
    """A collector."""

    async def prepare(self) -> None:
        """Measure what the next `collect` shows."""
        ...

    def collect(self) -> "Iterable[Metric]":
        """Families in portions. Others have the loop between two of them, so what they change
        meanwhile must not disturb."""
        ...


class Metrics:
    """The page. Sources are added before or after the first scrape."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sources: list[MetricSource] = []

    def add(self, source: MetricSource) -> None:
        self._sources.append(source)

    def render(self, accept: str) -> tuple[str, AsyncIterator[bytes]]:
        """Content-Type for an Accept header, Prometheus' text format or OpenMetrics, and the body
        in chunks."""
        from prometheus_client.exposition import choose_encoder

        encode, content_type = choose_encoder(accept)
        return content_type, self._chunks(encode, openmetrics="openmetrics" in content_type)

    async def _chunks(self, encode: Callable[[Any], bytes], *, openmetrics: bool) -> Any:
        for source in self._sources:
            await source.prepare()
        parts, size = [], 0
        async for part in in_turns(self._encode(encode), self._clock):
            parts.append(part)
            size += len(part)
            if size >= _CHUNK:
                yield b"".join(parts)
                parts, size = [], 0
        if openmetrics:
            parts.append(_END)
        yield b"".join(parts)

    def _encode(self, encode: Callable[[Any], bytes]) -> Iterator[bytes]:
        name = ""
        for source in self._sources:
            for family in source.collect():
                text = encode(_Alone(family)).removesuffix(_END)
                yield _without_header(text) if family.name == name else text
                name = family.name


class _Alone:
    """A registry of one family, for the encoder."""

    def __init__(self, family: "Metric") -> None:
        self._family = family

    def collect(self) -> "Iterable[Metric]":
        return (self._family,)


def _without_header(text: bytes) -> bytes:
    """HELP, TYPE and UNIT stand once, before a family's first portion."""
    start = 0
    while text.startswith(b"# ", start):
        start = text.index(b"\n", start) + 1
    return text[start:]
