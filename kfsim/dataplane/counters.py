"""Every request that came in goes out by exactly one door."""

from collections.abc import Iterator
from enum import StrEnum


class Outcome(StrEnum):
    """How an exchange ended."""

    PROXIED = "proxied"  # the replica's whole response went out
    ANSWERED = "answered"  # the gateway answered by itself (404, 502, 503, 504, ...)
    CLIENT_LOST = "client lost"  # the client left, at whatever stage
    BROKEN = "broken"  # the response had begun and could not be completed


class Counters:
    """Requests in, and out by outcome and status code; status 0 where the client never saw one.

    Counted is what every request does; sums are for those who ask.
    """

    __slots__ = ("_ends", "begun", "retries", "unreadable")

    def __init__(self) -> None:
        self.begun = 0
        self.retries = 0
        self.unreadable: dict[int, int] = {}
        """Answers to what was no request, by status code."""
        self._ends: dict[Outcome, dict[int, int]] = {outcome: {} for outcome in Outcome}

    def end(self, outcome: Outcome, status: int) -> None:
        """Count a request out; status 0 when the client never saw one."""
        ends = self._ends[outcome]
        try:
            ends[status] += 1
        except KeyError:
            ends[status] = 1

    def refuse(self, status: int) -> None:
        """Count an answer to what was no request."""
        self.unreadable[status] = self.unreadable.get(status, 0) + 1

    @property
    def open(self) -> int:
        """Requests that are in and not yet out."""
        ended = 0
        for ends in self._ends.values():
            ended += sum(ends.values())
        return self.begun - ended

    @property
    def ended(self) -> dict[Outcome, int]:
        return {outcome: sum(ends.values()) for outcome, ends in self._ends.items()}

    @property
    def by_class(self) -> list[int]:
        """Requests out by response class, 1 to 5 as in 2xx; 0 for none."""
        classes = [0] * 6
        for _, status, count in self:
            classes[min(status // 100, 5)] += count
        return classes

    def __iter__(self) -> Iterator[tuple[Outcome, int, int]]:
        """Outcome, status code, and how many requests."""
        for outcome, ends in self._ends.items():
            for status, count in ends.items():
                yield outcome, status, count
