"""Five minutes of one InferenceService: up, panic, down, to zero, woken."""

import asyncio
import subprocess
import sys

import pytest

from kfsim.api.apps import Deployment
from kfsim.api.kserve.types import InferenceService
from kfsim.base.types import RevisionKey, ServiceMode
from kfsim.simulation import ReplicaScript, SimulatedCluster, Trace, simulate
from kfsim.simulation.arrivals import ramp, steady

pytestmark = pytest.mark.scenario

SERVICE = ("default", "iris")
REVISION = RevisionKey("default", "iris-predictor-00001")
MANIFEST = {
    "apiVersion": "serving.kserve.io/v1beta1",
    "kind": "InferenceService",
    "metadata": {"name": "iris", "namespace": "default"},
    "spec": {
        "predictor": {
            "minReplicas": 0,
            "scaleMetric": "concurrency",
            "scaleTarget": 10,
            "model": {"modelFormat": {"name": "sklearn"}, "storageUri": "file:///models/iris"},
        }
    },
}


def wanted(cluster: SimulatedCluster) -> int:
    """How many replicas the revision's Deployment asks for."""
    return cluster.store.get(Deployment, f"{REVISION.name}-deployment", "default").spec.replicas


def ready(cluster: SimulatedCluster) -> int:
    """How many replicas requests may be sent to."""
    target = cluster.plane.table.revisions.get(REVISION)
    return len(target.endpoints) if target else 0


def is_ready(cluster: SimulatedCluster) -> bool:
    status = cluster.store.get(InferenceService, "iris", "default").status
    return any(each.type == "Ready" and each.status == "True" for each in status.conditions)


async def story(cluster: SimulatedCluster) -> None:
    cluster.apply(InferenceService.model_validate(MANIFEST))
    await cluster.until(lambda: is_ready(cluster), what="Ready", within=10)
    assert (wanted(cluster), ready(cluster)) == (1, 1)

    # Concurrency grows from 2 to 20 within two minutes; a replica takes 7 of its target 10.
    growth = cluster.send(SERVICE, ramp(20, 200, 120), 0.1)
    await asyncio.sleep(125)
    assert 2 <= wanted(cluster) <= 3
    assert growth.outcomes.answered == growth.outcomes.sent == 13_200
    assert growth.outcomes.cold == 0

    # Then 60 at once: more than twice what the ready ones take within six seconds is panic.
    peak = cluster.send(SERVICE, steady(600, 20), 0.1)
    await cluster.until(lambda: wanted(cluster) >= 6, what="panic", within=8)
    assert any("in panic" in line.text for line in cluster.trace.about("decision"))
    await cluster.until(lambda: ready(cluster) >= 8, what="replicas for the peak", within=12)
    await asyncio.sleep(15)
    assert peak.outcomes.answered == 12_000
    assert peak.outcomes.refused == {}

    # A trickle: panic holds for a minute, then the scale comes down, never below one.
    trickle = cluster.send(SERVICE, steady(2, 120), 0.1)
    await cluster.until(lambda: wanted(cluster) == 1, what="scale-down", within=120)
    await cluster.until(lambda: trickle.outcomes.answered == 240, what="the trickle", within=120)
    assert wanted(cluster) == 1

    # Silence: after the stable window the last replica goes, and the activator takes over.
    await cluster.until(lambda: wanted(cluster) == 0, what="zero", within=70)
    await cluster.until(lambda: not cluster.backend.replicas, what="no replica", within=40)
    target = cluster.plane.table.revisions[REVISION]
    assert (target.mode, target.endpoints) == (ServiceMode.PROXY, ())
    assert is_ready(cluster)

    # One request wakes it: it waits for exactly one cold start.
    await asyncio.sleep(60)
    wake = cluster.send(SERVICE, steady(1, 1), 0.1)
    await cluster.until(lambda: wake.outcomes.answered, what="the answer", within=5)
    assert wake.outcomes.cold == 1
    # 0.1 s to schedule, 0.3 s to fetch, 1 s to load, each 10 % more or less; 0.1 s to answer.
    assert 1.36 <= wake.outcomes.latencies[0] <= 1.66
    for traffic in (growth, peak, trickle, wake):
        cluster.trace.note("traffic", str(traffic.outcomes))


def play(seed: int = 1) -> Trace:
    return simulate(story, seed=seed, script=ReplicaScript(jitter=0.1))


@pytest.mark.timeout(10)
def test_the_story_is_told_the_same_way_twice() -> None:
    first = play()
    assert first.lines[-1].moment > 300
    assert first.first_difference(play()) is None


@pytest.mark.timeout(10)
def test_another_seed_tells_it_with_other_dice() -> None:
    assert play(1).digest() != play(2).digest()


@pytest.mark.timeout(30)
def test_the_story_does_not_depend_on_the_hash_seed() -> None:
    program = "from tests.scenarios.test_scale_story import play\nprint(play().digest())"
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert digests == {f"{play().digest()}\n"}
