"""Reports into windows."""

from kfsim.autoscaler.collection import MetricCollection
from kfsim.autoscaler.spec import DeciderSpec
from kfsim.base.types import RevisionKey, Stat

REVISION = RevisionKey("default", "iris")
SPEC = DeciderSpec(stable_window=10.0, panic_window=2.0)


def make_stat(
    concurrency: float = 0, proxied: float = 0, requests: float = 0, proxied_requests: float = 0
) -> Stat:
    return Stat(REVISION, "pod", concurrency, proxied, requests, proxied_requests)


def test_proxied_requests_are_subtracted() -> None:
    collection = MetricCollection(SPEC)
    collection.record(make_stat(5, 2, 30, 10), 0.0)
    assert collection.observe("concurrency", 0.0) == (3.0, 3.0)
    assert collection.observe("rps", 0.0) == (20.0, 20.0)


def test_reporters_of_one_second_add_up() -> None:
    collection = MetricCollection(SPEC)
    collection.record(make_stat(5), 0.1)
    collection.record(make_stat(2), 0.9)
    assert collection.observe("concurrency", 0.9) == (7.0, 7.0)


def test_panic_window_forgets_first() -> None:
    collection = MetricCollection(SPEC)
    for second in range(4):
        collection.record(make_stat(8 if second < 2 else 0), second)
    assert collection.observe("concurrency", 3) == (4.0, 0.0)


def test_no_reports_are_no_data_only_when_pods_are_scraped() -> None:
    assert MetricCollection(SPEC).observe("concurrency", 5) is None
    behind_activator = DeciderSpec(target_burst_capacity=-1, scrapes_pods=False)
    assert MetricCollection(behind_activator).observe("concurrency", 5) == (0.0, 0.0)


def test_zero_reports_are_data() -> None:
    collection = MetricCollection(SPEC)
    collection.record(make_stat(), 0.0)
    assert collection.observe("concurrency", 10) == (0.0, 0.0)
    assert collection.observe("concurrency", 11) is None


def test_zero_only_when_both_metrics_are() -> None:
    collection = MetricCollection(SPEC)
    assert collection.is_zero(0.0)
    collection.record(make_stat(requests=1), 0.0)
    assert not collection.is_zero(9.0)
    assert collection.is_zero(10.0)


def test_update_resizes_every_window() -> None:
    collection = MetricCollection(SPEC)
    for second in range(10):
        collection.record(make_stat(second, requests=second), second)
    collection.update(DeciderSpec(stable_window=5.0, panic_window=1.0), 9.0)
    assert collection.observe("concurrency", 9.0) == (7.0, 9.0)
    assert collection.observe("rps", 9.0) == (7.0, 9.0)
