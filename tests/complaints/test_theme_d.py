"""Theme D: why is it not ready?"""

import asyncio

import pytest

from kfsim.cli.manifests import Manifest
from kfsim.cli.validation import Verdict, check_manifests
from kfsim.simulation import ReplicaScript
from kfsim.simulation.scripts import StartFailure
from tests.complaints.support import SKLEARN, Complaint, play

pytestmark = pytest.mark.scenario


def test_kserve_2280_there_is_a_reason_from_the_first_moment() -> None:
    async def story(user: Complaint) -> None:
        user.apply(SKLEARN)
        await asyncio.sleep(2)
        assert user.why().startswith("iris is not ready: ")

    play(story, script=ReplicaScript(load=100.0))


def test_kserve_1143_it_is_not_the_ingress_but_the_image() -> None:
    async def story(user: Complaint) -> None:
        user.apply(SKLEARN)
        await asyncio.sleep(5)
        first, second = user.why().splitlines()[:2]
        assert "no such tag" in first
        assert second.startswith("  found at container kserve-container of Pod iris-")

    play(story, script=ReplicaScript(start_failure=StartFailure("ErrImagePull", "no such tag")))


def test_kserve_2372_no_runtime_lists_what_was_considered() -> None:
    async def story(user: Complaint) -> None:
        user.apply({"model": {"modelFormat": {"name": "sklearn", "version": "99"}}})
        await asyncio.sleep(1)
        told = user.why()
        assert "Runtime: none (as above)" in told
        assert "  not kserve-sklearnserver: " in told

    play(story)


def test_kserve_4464_the_runtime_that_was_picked_says_why_and_why_not_the_others() -> None:
    async def story(user: Complaint) -> None:
        user.apply(SKLEARN)
        await user.until_ready()
        told = user.why()
        assert "Runtime: kserve-sklearnserver: first of those that support sklearn over v1" in told
        assert "  not kserve-mlserver: speaks v2, not v1" in told

    play(story)


def test_kserve_3102_what_the_webhook_would_say_needs_no_webhook() -> None:
    document = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "iris"},
        "spec": {"predictor": SKLEARN | {"minReplicas": 3, "maxReplicas": 2}},
    }
    (checked,) = check_manifests([Manifest(document, "", 1)], namespace="default")
    assert checked.verdict is Verdict.INVALID
    assert "replicas" in checked.problems[0].message.lower()


def test_kserve_4397_a_broken_setting_breaks_nothing() -> None:
    async def story(user: Complaint) -> None:
        user.configure("config-autoscaler", stable_window="soon")
        user.apply(SKLEARN)
        await user.until_ready()
        assert user.why().startswith("iris is ready")
        (told,) = [each for each in user.events() if each.startswith("InvalidConfiguration: ")]
        assert "stable-window" in told
        assert told.endswith("; the previous settings stay in force")

    play(story)


def test_kserve_829_the_reason_is_a_column_of_get() -> None:
    async def story(user: Complaint) -> None:
        user.apply(SKLEARN)
        await asyncio.sleep(5)
        (shown,) = user.table()
        assert shown["READY"] == "False"
        assert "no such tag" in shown["REASON"]

    play(story, script=ReplicaScript(start_failure=StartFailure("ErrImagePull", "no such tag")))


def test_kserve_3303_the_event_names_the_condition_and_says_why() -> None:
    async def story(user: Complaint) -> None:
        user.apply(SKLEARN)
        await user.until_ready()
        user.apply({"model": {"modelFormat": {"name": "sklearn", "version": "99"}}})
        await asyncio.sleep(2)
        told = user.why()
        assert "is no longer Ready because of: PredictorReady" in told
        assert "Warning InternalError" in told

    play(story)


def test_kserve_786_the_ingress_comes_after_what_it_waits_for() -> None:
    async def story(user: Complaint) -> None:
        user.apply(SKLEARN)
        await asyncio.sleep(5)
        lines = [
            each for each in user.why().splitlines() if " is False" in each or " is Unknown" in each
        ]
        assert lines[0].startswith("  PredictorReady is False: ")
        assert lines[1].startswith("  IngressReady is False: Predictor ingress not created")

    play(story, script=ReplicaScript(start_failure=StartFailure("ErrImagePull", "no such tag")))


def test_kserve_2109_a_runtime_that_was_named_and_is_not_there_is_named() -> None:
    async def story(user: Complaint) -> None:
        user.apply({"model": SKLEARN["model"] | {"runtime": "kserve-sklearn"}})
        await asyncio.sleep(1)
        assert "kserve-sklearn" in user.why().splitlines()[0]

    play(story)
