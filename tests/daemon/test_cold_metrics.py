"""Cold starts on the /metrics page."""

from prometheus_client.parser import text_string_to_metric_families

from kfsim.base.types import ReplicaKey, RevisionKey
from kfsim.controllers.pod.milestones import Milestone, Milestones
from kfsim.daemon.cold_metrics import ColdStartMetrics
from kfsim.daemon.metrics import Metrics
from kfsim.dataplane.cold_starts import ColdStart

IRIS = RevisionKey("default", "iris-predictor-00001")
STARTED = Milestones({Milestone.BEGUN: 10.1, Milestone.STARTED: 10.2, Milestone.SERVING: 10.8})


async def samples(source: ColdStartMetrics) -> dict[tuple[str, str], float]:
    """Value by name and by `le` or `phase`."""
    metrics = Metrics()
    metrics.add(source)
    body, _ = await metrics.render("text/plain")
    return {
        (each.name, each.labels.get("le") or each.labels.get("phase") or ""): each.value
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


async def test_a_replica_that_is_gone_counts_without_phases() -> None:
    source = ColdStartMetrics(milestones=lambda replica: None)
    source.observe(IRIS, ColdStart(ReplicaKey("default", "pod-1"), 0.0, 0.3))
    found = await samples(source)
    assert found["kfsim_cold_start_seconds_count", ""] == 1
    assert not [name for name, label in found if "phase" in name]
