"""What is told of revisions on the /metrics page."""

from prometheus_client.parser import text_string_to_metric_families

from kfsim.autoscaler.decider import ScaleResult
from kfsim.autoscaler.multiscaler import DeciderStatus, RevisionScale
from kfsim.autoscaler.spec import DeciderSpec, ScalingMetric
from kfsim.base.entropy import SeededEntropy
from kfsim.base.types import RevisionKey
from kfsim.daemon.metrics import Metrics
from kfsim.daemon.revision_metrics import RevisionMetrics
from kfsim.dataplane.durations import RequestDurations
from kfsim.store import Store
from kfsim.testing.clock import FakeClock
from tests.daemon.test_metrics import read

IRIS = RevisionKey("default", "iris-predictor-00001")
DECIDED = ScaleResult(
    decided_at=1.0,
    scale_valid=True,
    ready_pods=1,
    panic_mode=True,
    panic_since=0.5,
    max_panic_pods=3,
    desired_pod_count=3,
    stable_value=1.5,
    panic_value=9.0,
)


def scale(
    latest: ScaleResult | None = DECIDED,
    *,
    desired: int = 3,
    ready: int = 1,
    metric: str = ScalingMetric.CONCURRENCY,
) -> RevisionScale:
    status = DeciderStatus(IRIS, desired, -7, 2, latest)
    return RevisionScale(status, DeciderSpec(metric=metric, target_value=4.0), ready)


async def samples(
    *scales: tuple[RevisionScale, int], durations: RequestDurations | None = None
) -> dict[str, float]:
    source = RevisionMetrics(
        Store(clock=FakeClock(), entropy=SeededEntropy(1)),
        clock=FakeClock(),
        scales=lambda: scales,
        durations=durations or RequestDurations(),
        load=lambda revision: (5, 2),
        through_activator=lambda revision: 4,
    )
    metrics = Metrics(FakeClock())
    metrics.add(source)
    body = await read(metrics)
    return {
        each.name.removeprefix("kn_"): each.value
        for family in text_string_to_metric_families(body.decode())
        for each in family.samples
        if each.labels["kn_revision_name"] == IRIS.name
    }


async def test_a_decision_is_told_in_full() -> None:
    assert await samples((scale(), 2)) == {
        "serving_queue_depth": 5,
        "revision_request_concurrency": 4,
        "kfsim_revision_requests_held": 2,
        "revision_pods_desired": 3,
        "revision_pods_requested": 2,
        "revision_pods_actual": 1,
        "revision_capacity_excess": -7,
        "revision_panic_mode": 1,
        "revision_concurrency_stable": 1.5,
        "revision_concurrency_panic": 9,
        "revision_concurrency_target": 4,
    }


async def test_requests_per_second_have_their_own_names() -> None:
    found = await samples((scale(metric=ScalingMetric.RPS), 2))
    assert {name for name in found if "rps" in name or "_concurrency_" in name} == {
        "revision_rps_stable",
        "revision_rps_panic",
        "revision_rps_target",
    }


async def test_what_is_not_known_is_not_told() -> None:
    found = await samples((scale(None, desired=-1), -1))
    assert sorted(found) == [
        "kfsim_revision_requests_held",
        "revision_capacity_excess",
        "revision_concurrency_target",
        "revision_pods_actual",
        "revision_request_concurrency",
        "serving_queue_depth",
    ]


async def test_a_revision_that_rests_from_the_beginning_is_not_shown_until_it_is_asked() -> None:
    resting = (scale(desired=0, ready=0), 0)
    assert await samples(resting) == {}
    durations = RequestDurations()
    durations.observe(IRIS, 503, 0.3)
    found = await samples(resting, durations=durations)
    assert found["revision_pods_actual"] == 0
    assert found["http_server_request_duration_seconds_count"] == 1
    assert found["http_server_request_duration_seconds_sum"] == 0.3


async def test_many_revisions_are_one_family_of_each_kind() -> None:
    durations = RequestDurations()
    scales = []
    for number in range(40):
        key = RevisionKey("default", f"model-{number}")
        durations.observe(key, 200, 0.1)
        durations.observe(key, 503, 0.1)
        status = DeciderStatus(key, 1, 0, 2, DECIDED if number % 2 else None)
        scales.append((RevisionScale(status, DeciderSpec(), 1), 1))
    metrics = Metrics(FakeClock())
    metrics.add(
        RevisionMetrics(
            Store(clock=FakeClock(), entropy=SeededEntropy(1)),
            clock=FakeClock(),
            scales=lambda: scales,
            durations=durations,
            load=lambda revision: (0, 0),
            through_activator=lambda revision: 0,
        )
    )
    families = list(text_string_to_metric_families((await read(metrics)).decode()))
    names = [family.name for family in families]
    assert len(names) == len(set(names))
    counts = {family.name: len(family.samples) for family in families}
    assert counts["http_server_request_duration_seconds"] == 80 * 17
    assert counts["kn_revision_pods_actual"] == 40
    assert counts["kn_revision_panic_mode"] == 20


async def test_what_comes_and_goes_during_a_scrape_does_no_harm() -> None:
    durations = RequestDurations()
    keys = [RevisionKey("default", f"model-{number}") for number in range(3)]
    for key in keys:
        durations.observe(key, 200, 0.1)
    seen = iter(durations)
    assert next(seen).revision == keys[0]
    durations.forget(keys[0])
    durations.observe(keys[1], 404, 0.1)
    durations.observe(RevisionKey("default", "new"), 200, 0.1)
    assert [(each.revision, each.status) for each in seen] == [
        (keys[1], 200), (keys[1], 404), (keys[2], 200),
    ]  # fmt: skip
