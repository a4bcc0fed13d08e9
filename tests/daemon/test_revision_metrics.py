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
        scales=lambda: scales,
        durations=durations or RequestDurations(),
        load=lambda revision: (5, 2),
    )
    metrics = Metrics()
    metrics.add(source)
    body, _ = await metrics.render("text/plain")
    return {
        each.name.removeprefix("kn_"): each.value
        for family in text_string_to_metric_families(body.decode())
        for each in family.samples
        if each.labels["kn_revision_name"] == IRIS.name
    }


async def test_a_decision_is_told_in_full() -> None:
    assert await samples((scale(), 2)) == {
        "serving_queue_depth": 5,
        "revision_request_concurrency": 2,
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
