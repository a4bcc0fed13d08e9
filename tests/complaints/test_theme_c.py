"""Theme C: scale to zero, cold starts and the autoscaler's mysteries."""

import asyncio

import pytest

from kfsim.simulation import ReplicaScript
from kfsim.simulation.arrivals import steady
from tests.complaints.support import AUTOSCALING, IRIS, SKLEARN, Complaint, play

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


def test_kserve_963_a_cluster_that_forbids_zero_says_so() -> None:
    async def story(user: Complaint) -> None:
        user.configure("config-autoscaler", enable_scale_to_zero="false")
        user.apply(AT_ZERO)
        await user.until_ready()
        assert "enable-scale-to-zero is false in ConfigMap config-autoscaler" in user.why()

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


def test_kserve_1641_a_slow_model_at_min_replicas_0_is_not_killed_while_it_loads() -> None:
    async def story(user: Complaint) -> None:
        user.apply(AT_ZERO)
        await asyncio.sleep(120)
        assert not user.ready
        assert "still starting: gives up 630s after the start" in user.why()
        await user.until_ready(within=300)

    play(story, script=ReplicaScript(load=240.0))


def test_nim_890_the_minimum_in_force_is_told_where_two_are_given() -> None:
    async def story(user: Complaint) -> None:
        user.apply(AT_ZERO, annotations={AUTOSCALING + "min-scale": "2"})
        await user.until_ready()
        assert "scales to zero 60 s after the last request" in user.why()
        user.apply(SKLEARN | {"minReplicas": 3}, annotations={AUTOSCALING + "min-scale": "0"})
        await user.world.until(lambda: "minReplicas 3" in user.why(), what="the new minimum")

    play(story)
