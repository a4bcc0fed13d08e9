"""Theme C: scale to zero, cold starts and the autoscaler's mysteries."""

import asyncio
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from kfsim.api.kserve.types import InferenceService
from kfsim.base.types import ReplicaKey, RevisionKey
from kfsim.cli.scale import describe_cold_start
from kfsim.cli.scaling_hints import find_scaling_hints
from kfsim.controllers.pod.milestones import Milestone, Milestones
from kfsim.daemon.cold_metrics import ColdStartMetrics
from kfsim.daemon.metrics import Metrics
from kfsim.daemon.scale_view import describe_cold_start as measure
from kfsim.dataplane.cold_starts import ColdStart
from kfsim.simulation import ReplicaScript
from kfsim.simulation.arrivals import steady
from kfsim.testing.clock import FakeClock
from tests.complaints.support import AUTOSCALING, IRIS, SKLEARN, Complaint, play
from tests.dataplane.worlds import Replica, Reply, answer_ok, running

pytestmark = pytest.mark.scenario
AT_ZERO = SKLEARN | {"minReplicas": 0}


def test_serving_15191_what_never_goes_to_zero_says_why() -> None:
    async def story(user: Complaint) -> None:
        user.apply(SKLEARN)
        await user.until_ready()
        assert "never scales to zero: minReplicas 1" in user.why()

    play(story)


def test_serving_15191_what_will_go_says_when() -> None:
    async def story(user: Complaint) -> None:
        user.apply(AT_ZERO)
        await user.until_ready()
        await user.world.until(lambda: "wanted." in user.why(), what="a decision")
        user.world.send(IRIS, steady(5, 20), 0.05)
        await asyncio.sleep(19)
        assert "requests are coming in" in user.why()
        await asyncio.sleep(31)
        told = user.why()
        assert "last request 3" in told
        assert "scales to zero 60 s after the last request: in 3" in told or "in 2" in told
        await asyncio.sleep(45)
        assert "not active: NoTraffic: The target is not receiving traffic." in user.why()

    play(story)


def test_serving_15191_a_long_request_that_keeps_the_last_replica_is_shown() -> None:
    async def story(user: Complaint) -> None:
        user.apply(AT_ZERO)
        await user.until_ready()
        user.world.send(IRIS, steady(1, 2), 200.0)
        await asyncio.sleep(150)
        assert "  requests: 2 in flight" in user.why()

    play(story)


def test_kserve_963_a_cluster_that_forbids_zero_says_so() -> None:
    async def story(user: Complaint) -> None:
        user.configure("config-autoscaler", enable_scale_to_zero="false")
        user.apply(AT_ZERO)
        await user.until_ready()
        assert "enable-scale-to-zero is false in ConfigMap config-autoscaler" in user.why()

    play(story)


def hints(metadata: dict[str, Any]) -> list[str]:
    """The warnings of `kfsim validate`."""
    document = {"metadata": {"name": "iris", **metadata}, "spec": {"predictor": SKLEARN}}
    return list(find_scaling_hints(InferenceService.model_validate(document)))


def test_kserve_898_an_annotation_that_the_spec_overrules_is_told_beforehand() -> None:
    (text,) = hints({"annotations": {AUTOSCALING + "min-scale": "0"}})
    assert "has no effect on an InferenceService: minReplicas of the component decides" in text
    assert text.endswith("which is 1")


def test_nim_890_an_annotation_that_does_nothing_is_told_beforehand() -> None:
    misspelt, label = hints(
        {
            "annotations": {AUTOSCALING + "minReplica": "0"},
            "labels": {AUTOSCALING + "min-scale": "0"},
        }
    )
    assert "means nothing and is passed over in silence" in misspelt
    assert "is given as a label, where nothing reads it" in label


def test_nim_890_the_minimum_in_force_is_told_where_two_are_given() -> None:
    async def story(user: Complaint) -> None:
        user.apply(AT_ZERO, annotations={AUTOSCALING + "min-scale": "2"})
        await user.until_ready()
        assert "scales to zero 60 s after the last request" in user.why()
        user.apply(SKLEARN | {"minReplicas": 3}, annotations={AUTOSCALING + "min-scale": "0"})
        await user.world.until(lambda: "minReplicas 3" in user.why(), what="the new minimum")

    play(story)


def test_serving_7596_the_last_pods_retention_is_told() -> None:
    async def story(user: Complaint) -> None:
        retention = {AUTOSCALING + "scale-to-zero-pod-retention-period": "90s"}
        user.apply(AT_ZERO, annotations=retention)
        await user.until_ready()
        assert "60 s after the last request, then 90 s of pod retention" in user.why()
        await asyncio.sleep(80)
        assert "pod retention keeps the last pod for another" in user.why()

    play(story)


def test_serving_14539_a_decision_shows_both_windows_and_panic() -> None:
    async def story(user: Complaint) -> None:
        user.apply(SKLEARN | {"scaleMetric": "concurrency", "scaleTarget": 2})
        await user.until_ready()
        user.world.send(IRIS, steady(100, 30), 0.1)
        await asyncio.sleep(12)
        told = user.why()
        assert "over 60s and" in told
        assert "over 6s with target 1.4 per pod want" in told
        assert "in panic mode at " in told

    play(story)


def test_serving_9121_the_log_tells_when_panic_began_and_ended() -> None:
    async def story(user: Complaint) -> None:
        user.apply(SKLEARN | {"scaleMetric": "concurrency", "scaleTarget": 2})
        await user.until_ready()
        user.world.send(IRIS, steady(100, 20), 0.1)
        await asyncio.sleep(100)
        lines = user.decisions().splitlines()
        assert lines[0] == "Revision iris-predictor-00001:"
        (began,) = [each for each in lines if "panic starts" in each or "panic begins" in each]
        (ended,) = [each for each in lines if "panic ends: below the threshold for 60s" in each]
        assert lines.index(began) < lines.index(ended)
        assert ", in panic mode: " in began
        assert ", in panic mode: " not in ended

    play(story)


@pytest.mark.parametrize(("target", "most"), [(1, 9), (5, 2)])
def test_serving_15000_the_same_load_is_played_against_another_setting(
    target: int, most: int
) -> None:
    """What examples/autoscaling does with one manifest."""
    seen: list[int] = []

    async def story(user: Complaint) -> None:
        user.apply(SKLEARN | {"scaleMetric": "concurrency", "scaleTarget": target})
        await user.until_ready()
        user.world.send(IRIS, steady(12, 60), 0.5)
        for _ in range(40):
            await asyncio.sleep(2)
            told = user.why()
            seen.append(int(told.partition(" replicas, ")[0].rpartition(" ")[2]))

    play(story)
    assert max(seen) == most


def test_kserve_1641_a_slow_model_at_min_replicas_0_is_not_killed_while_it_loads() -> None:
    async def story(user: Complaint) -> None:
        user.apply(AT_ZERO)
        await asyncio.sleep(5)
        assert "still starting: gives up 630s after the start" in user.why()
        await asyncio.sleep(115)
        assert not user.ready
        await user.until_ready(within=300)

    play(story, script=ReplicaScript(load=240.0))


def test_kserve_1247_one_that_is_too_slow_says_what_ran_out() -> None:
    async def story(user: Complaint) -> None:
        user.apply(AT_ZERO, annotations={"serving.knative.dev/progress-deadline": "60s"})
        await asyncio.sleep(120)
        assert user.why().startswith("iris is not ready: ProgressDeadlineExceeded: ")

    play(story, script=ReplicaScript(load=1000.0))


def test_vllm_41893_minutes_of_loading_are_tried_out_in_no_time_and_without_the_model() -> None:
    async def story(user: Complaint) -> None:
        user.apply(AT_ZERO | {"timeout": 600})
        await user.until_ready(within=900)
        await asyncio.sleep(90)
        wake = user.world.send(IRIS, steady(1, 1), 0.05)
        await asyncio.sleep(200)
        assert "  requests: 1 held until a replica is free" in user.why()
        await asyncio.sleep(300)
        assert 480 < wake.outcomes.latencies[0] < 490

    play(story, script=ReplicaScript(load=480.0))


COLD = ColdStart(ReplicaKey("default", "iris-1"), 10.0, 12.0)
STARTED = Milestones(
    {
        Milestone.BEGUN: 10.1,
        Milestone.FETCHING: 10.3,
        Milestone.FETCHED: 11.0,
        Milestone.STARTED: 11.2,
        Milestone.SERVING: 11.9,
    }
)


def test_serving_9104_a_cold_answer_is_told_by_phases() -> None:
    assert describe_cold_start(measure(COLD, STARTED)) == (
        "answered from zero in 2000 ms (queue 100, prepare 200, download 700, start 200, load 700, "
        "answer 100)"
    )


async def test_serving_13459_cold_starts_are_a_histogram_of_prometheus() -> None:
    source, metrics = ColdStartMetrics(milestones=lambda replica: STARTED), Metrics(FakeClock())
    source.observe(RevisionKey("default", "iris-predictor-00001"), COLD)
    metrics.add(source)
    _, chunks = metrics.render("text/plain")
    page = b"".join([chunk async for chunk in chunks])
    kinds = {each.name: each.type for each in text_string_to_metric_families(page.decode())}
    assert kinds == {
        "kfsim_cold_start_seconds": "histogram",
        "kfsim_cold_start_phase_seconds": "histogram",
        "kfsim_cold_start_latest_seconds": "gauge",
        "kfsim_cold_start_phase_latest_seconds": "gauge",
    }
    latest = b'kfsim_cold_start_phase_latest_seconds{namespace="default",'
    assert latest + b'phase="download",revision="iris-predictor-00001"} 0.69' in page


async def answer_503(replica: Replica, request: Any, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy")


def who_answered(reply: Reply) -> tuple[int, str | None, str | None]:
    return reply.status, reply.headers.get("kfsim-replica"), reply.headers.get("kfsim-start")


async def test_serving_13208_a_5xx_says_whether_the_model_or_the_gateway_gave_it() -> None:
    replica = Replica(1, answer_503)
    async with running(replica) as world:
        world.route(replica)
        assert who_answered(await world.ask("/")) == (503, "pod-1", "warm")
        world.route(timeout=0.05)
        reply = await world.ask("/")
        assert who_answered(reply) == (504, None, None)
        assert reply.text == "activator request timeout"


async def test_serving_2988_a_request_at_zero_waits_and_is_not_refused() -> None:
    replica = Replica(1, answer_ok)
    async with running(replica) as world:
        world.route()
        client = await world.connect()
        client.send("/")
        await asyncio.sleep(0.02)
        world.route(replica)
        assert who_answered(await client.reply()) == (200, "pod-1", "cold")
        client.close()
