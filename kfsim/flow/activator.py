"""What the activator reports about one revision (knative pkg/activator/handler, reporter).

The first request after a quiet interval is reported at once, so that a revision at zero wakes
without waiting for the next report; the report that follows subtracts it again.
"""

from kfsim.base.types import RevisionKey, Stat
from kfsim.flow.statistics import RequestStatistics

ACTIVATOR = "activator"


class ActivatorReporter:
    """Exists from a revision's first request through the activator until an idle report."""

    __slots__ = ("_reported_early", "statistics")

    def __init__(self, now: float) -> None:
        self.statistics = RequestStatistics(now)
        self._reported_early = 1

    def report(self, revision: RevisionKey, now: float) -> tuple[Stat, bool]:
        """The report since the last one, and whether the reporter has gone idle."""
        report = self.statistics.report(now)
        early, self._reported_early = self._reported_early, 0
        stat = Stat(
            revision=revision,
            reporter=ACTIVATOR,
            average_concurrent_requests=max(report.average_concurrency - early, 0.0),
            request_count=report.request_count - early,
        )
        return stat, report.average_concurrency == 0 and self.statistics.in_flight == 0


def make_first_stat(revision: RevisionKey) -> Stat:
    """What is reported at once when a request meets no reporter."""
    return Stat(
        revision=revision,
        reporter=ACTIVATOR,
        average_concurrent_requests=1.0,
        request_count=1.0,
    )
