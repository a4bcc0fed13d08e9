"""How long requests took, by revision and status code: the counts behind a histogram.

Of requests that reached a revision, whoever answered; one whose client left before it saw a status
counts nowhere. One observation is a look-up and two additions, because every request makes one.
"""

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final, NamedTuple

from kfsim.base.types import RevisionKey

BOUNDS: Final = (
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
)  # fmt: skip
"""Seconds; those of OpenTelemetry's http.server.request.duration."""


class Duration(NamedTuple):
    """`buckets` are requests per bound, not accumulated; the last one holds all that took longer.
    `seconds` is their sum."""

    revision: RevisionKey
    status: int
    buckets: tuple[int, ...]
    seconds: float


class RequestDurations:
    """Counted from the start of the gateway, until a revision is forgotten."""

    __slots__ = ("_series",)

    def __init__(self) -> None:
        self._series: dict[RevisionKey, dict[int, tuple[list[int], list[float]]]] = {}

    def observe(self, revision: RevisionKey, status: int, seconds: float) -> None:
        try:
            buckets, total = self._series[revision][status]
        except KeyError:
            buckets, total = self._begin(revision, status)
        buckets[bisect_left(BOUNDS, seconds)] += 1
        total[0] += seconds

    def _begin(self, revision: RevisionKey, status: int) -> tuple[list[int], list[float]]:
        made: tuple[list[int], list[float]] = ([0] * (len(BOUNDS) + 1), [0.0])
        self._series.setdefault(revision, {})[status] = made
        return made

    def forget(self, revision: RevisionKey) -> None:
        """The revision is gone."""
        self._series.pop(revision, None)

    def knows(self, revision: RevisionKey) -> bool:
        """Whether a request of it has ended."""
        return revision in self._series

    def __iter__(self) -> Iterator[Duration]:
        """What is there at the start, each as it is when its turn comes."""
        for revision, by_status in tuple(self._series.items()):
            for status, (buckets, total) in tuple(by_status.items()):
                yield Duration(revision, status, tuple(buckets), total[0])
