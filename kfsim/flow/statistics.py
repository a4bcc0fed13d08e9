"""What one reporter (a queue-proxy, or the activator for one revision) counts between two reports.

The average concurrency is weighted by time: two requests in flight for half of the second give 1.0.
Requests still in flight carry over into the next report, counts start again at zero. A proxied
request (one that came through the activator) counts twice, as a request and as a proxied one; the
autoscaler subtracts. Rules from knative.dev/networking pkg/http/stats/request.go.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RequestReport:
    """Averages and arrivals since the previous report."""

    average_concurrency: float
    average_proxied_concurrency: float
    request_count: int
    proxied_request_count: int


class RequestStatistics:
    """Request statistics that start at `now` with nothing in flight."""

    __slots__ = (
        "_concurrency_seconds",
        "_in_flight",
        "_last_change",
        "_proxied_concurrency_seconds",
        "_proxied_in_flight",
        "_proxied_request_count",
        "_request_count",
        "_started",
    )

    def __init__(self, now: float) -> None:
        self._last_change = now
        self._in_flight = 0
        self._proxied_in_flight = 0
        self._reset()

    def _reset(self) -> None:
        self._started = self._last_change
        self._concurrency_seconds = 0.0
        self._proxied_concurrency_seconds = 0.0
        self._request_count = 0
        self._proxied_request_count = 0

    @property
    def in_flight(self) -> int:
        """Requests that came in and have not gone out, the proxied ones included."""
        return self._in_flight

    @property
    def is_idle(self) -> bool:
        """Whether a report made now would hold nothing but zeros."""
        return not (self._in_flight or self._request_count or self._concurrency_seconds)

    def request_in(self, now: float, *, proxied: bool = False) -> None:
        if now > self._last_change:
            self._advance(now)
        self._in_flight += 1
        self._request_count += 1
        if proxied:
            self._proxied_in_flight += 1
            self._proxied_request_count += 1

    def request_out(self, now: float, *, proxied: bool = False) -> None:
        if now > self._last_change:
            self._advance(now)
        self._in_flight -= 1
        if proxied:
            self._proxied_in_flight -= 1

    def report(self, now: float) -> RequestReport:
        """Close the interval: returns its report and starts the next one."""
        if now > self._last_change:
            self._advance(now)
        elapsed = self._last_change - self._started
        report = RequestReport(
            average_concurrency=self._concurrency_seconds / elapsed if elapsed else 0.0,
            average_proxied_concurrency=(
                self._proxied_concurrency_seconds / elapsed if elapsed else 0.0
            ),
            request_count=self._request_count,
            proxied_request_count=self._proxied_request_count,
        )
        self._reset()
        return report

    # An event stamped before the latest one changes counters only: time never runs backwards.

    def _advance(self, now: float) -> None:
        passed = now - self._last_change
        self._concurrency_seconds += self._in_flight * passed
        if self._proxied_in_flight:
            self._proxied_concurrency_seconds += self._proxied_in_flight * passed
        self._last_change = now
