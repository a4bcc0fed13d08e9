"""Cold starts on the /metrics page."""

from prometheus_client.parser import text_string_to_metric_families

from kfsim.base.types import ReplicaKey, RevisionKey
from kfsim.controllers.pod.milestones import Milestone, Milestones
from kfsim.daemon.cold_metrics import ColdStartMetrics
from kfsim.daemon.metrics import Metrics
from kfsim.dataplane.cold_starts import ColdStart
from kfsim.testing.clock import FakeClock
from tests.daemon.test_metrics import read

IRIS = RevisionKey("default", "iris-predictor-00001")
STARTED = Milestones({Milestone.BEGUN: 10.1, Milestone.STARTED: 10.2, Milestone.SERVING: 10.8})


async def samples(source: ColdStartMetrics) -> dict[tuple[str, str], float]:
    """Value by name and by `phase` and `le`."""
    metrics = Metrics(FakeClock())
    metrics.add(source)
    body = await read(metrics)
    return {
        (each.name, "/".join(filter(None, map(each.labels.get, ("phase", "le"))))): each.value
        for family in text_string_to_metric_families(body.decode())
        for each in family.samples
        if each.labels["revision"] == IRIS.name
    }


async def test_starts_are_counted_by_bucket_and_phase() -> None:
    source = ColdStartMetrics(milestones=lambda replica: STARTED)
    for seconds in (1.0, 2.0, 900.0):
        cold = ColdStart(ReplicaKey("default", "pod-1"), 10.0, 10.0 + seconds)
        source.observe(IRIS, cold)
    found = await samples(source)
    name = "kfsim_cold_start_seconds"
    assert [found[name + "_bucket", le] for le in ("0.5", "1.0", "2.5", "600.0", "+Inf")] == [
        0, 1, 2, 2, 3,
    ]  # fmt: skip
    assert (found[name + "_count", ""], found[name + "_sum", ""]) == (3, 903)
    phase = "kfsim_cold_start_phase_seconds"
    assert found[phase + "_count", "load"] == 3
    assert round(found[phase + "_sum", "load"], 6) == 1.8
    assert [found[phase + "_bucket", f"load/{le}"] for le in ("0.5", "1.0")] == [0, 3]
    assert found["kfsim_cold_start_latest_seconds", ""] == 900
    latest = "kfsim_cold_start_phase_latest_seconds"
    assert {key[1]: round(value, 6) for key, value in found.items() if key[0] == latest} == {
        "queue": 0.1,
        "start": 0.1,
        "load": 0.6,
        "answer": 899.2,
    }


async def test_a_replica_that_is_gone_counts_without_phases() -> None:
    source = ColdStartMetrics(milestones=lambda replica: None)
    source.observe(IRIS, ColdStart(ReplicaKey("default", "pod-1"), 0.0, 0.3))
    found = await samples(source)
    assert found["kfsim_cold_start_seconds_count", ""] == 1
    assert not [name for name, label in found if "phase" in name]


async def test_a_phase_that_the_latest_start_had_not_is_not_told_as_its() -> None:
    times = iter([STARTED, None])
    source = ColdStartMetrics(milestones=lambda replica: next(times))
    for seconds in (1.0, 2.0):
        source.observe(IRIS, ColdStart(ReplicaKey("default", "pod-1"), 10.0, 10.0 + seconds))
    found = await samples(source)
    assert found["kfsim_cold_start_phase_seconds_count", "load"] == 1
    assert found["kfsim_cold_start_latest_seconds", ""] == 2
    assert not [name for name, _ in found if name == "kfsim_cold_start_phase_latest_seconds"]
