from kfsim.base.types import RevisionKey
from kfsim.flow.activator import ActivatorReporter, make_first_stat

REVISION = RevisionKey("default", "iris-00001")


def test_first_stat_is_one_request():
    stat = make_first_stat(REVISION)
    assert (stat.reporter, stat.average_concurrent_requests, stat.request_count) == (
        "activator",
        1.0,
        1.0,
    )


def test_report_takes_off_what_was_reported_early_but_never_below_zero():
    reporter = ActivatorReporter(0.0)
    reporter.statistics.request_in(0.0)
    reporter.statistics.request_out(0.5)
    stat, idle = reporter.report(REVISION, 1.0)
    assert (stat.average_concurrent_requests, stat.request_count, idle) == (0.0, 0.0, False)


def test_reporter_is_idle_after_an_interval_without_requests():
    reporter = ActivatorReporter(0.0)
    reporter.statistics.request_in(0.0)
    assert not reporter.report(REVISION, 1.0)[1]
    reporter.statistics.request_out(1.0)
    assert reporter.report(REVISION, 2.0)[1]
