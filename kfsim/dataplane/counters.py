"""Every request that came in goes out by exactly one door."""

from enum import StrEnum


class Outcome(StrEnum):
    """How an exchange ended."""

    PROXIED = "proxied"  # the replica's whole response went out
    ANSWERED = "answered"  # the gateway answered by itself (404, 502, 503, 504, ...)
    CLIENT_LOST = "client lost"  # the client left, at whatever stage
    BROKEN = "broken"  # the response had begun and could not be completed


class Counters:
    """Requests in, and out by outcome and by response class (1 to 5, as in 2xx)."""

    __slots__ = ("begun", "by_class", "ended", "retries")

    def __init__(self) -> None:
        self.begun = 0
        self.ended = dict.fromkeys(Outcome, 0)
        self.by_class = [0] * 6
        self.retries = 0

    @property
    def open(self) -> int:
        """Requests that are in and not yet out."""
        return self.begun - sum(self.ended.values())

    def end(self, outcome: Outcome, status: int) -> None:
        """Count a request out; status 0 when the client never saw one."""
        self.ended[outcome] += 1
        self.by_class[min(status // 100, 5)] += 1
