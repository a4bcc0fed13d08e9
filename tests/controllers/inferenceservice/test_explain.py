"""The explanation tells readiness, runtime, traffic and replicas from the store alone."""

import json

import pytest

from kfsim.api.core import Event, ObjectReference
from kfsim.api.knative.serving import Revision
from kfsim.api.meta import ObjectMeta
from kfsim.base.errors import NotFound
from kfsim.controllers.inferenceservice import explain

V1, V2 = "iris-predictor-00001", "iris-predictor-00002"


def of(world):
    answer = explain(world.store, "default", "iris")
    json.dumps(answer)
    return answer


def test_an_unknown_service_is_not_found(world):
    with pytest.raises(NotFound):
        explain(world.store, "default", "nope")


def test_a_ready_service(world):
    world.apply()
    world.ready()
    answer = of(world)

    assert answer["ready"]
    assert answer["notReady"] == []
    assert answer["url"] == "http://iris.default.localhost:8080"
    assert answer["runtime"]["name"] == "kserve-sklearnserver"
    assert answer["runtime"]["reason"] == "first of those that support sklearn over v1"
    rejected = {c["name"]: c["rejected"] for c in answer["runtime"]["candidates"]}
    assert rejected["kserve-mlserver"] == ["speaks v2, not v1"]
    assert answer["traffic"] == [
        {
            "component": "predictor",
            "revision": V1,
            "percent": 100,
            "tag": None,
            "reason": "the latest ready revision",
        }
    ]


def test_no_runtime_is_the_first_reason(world):
    world.apply({"model": {"modelFormat": {"name": "magic"}}})
    answer = of(world)

    assert not answer["ready"]
    assert answer["notReady"][0]["type"] == "PredictorReady"
    assert answer["runtime"]["name"] is None
    assert "no runtime found" in answer["runtime"]["reason"]
    assert answer["events"][0]["reason"] == "InternalError"


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        ({"exitCode": 1, "message": "no model"}, "1: no model"),
        ({"exitCode": 2, "reason": "Error"}, "2: Error"),
        (
            {"exitCode": 137, "reason": "OOMKilled", "message": "shard 3"},
            "137: OOMKilled: shard 3",
        ),
    ],
)
def test_a_crashing_replica_is_shown_with_its_last_words(world, ended, said):
    world.apply()
    labels = {"serving.kserve.io/inferenceservice": "iris"}
    world.store.create(Revision(metadata=ObjectMeta(name=V1, namespace="default", labels=labels)))
    world.pod(
        "iris-x",
        containerStatuses=[
            {
                "name": "kserve-container",
                "restartCount": 3,
                "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}},
                "lastState": {"terminated": ended},
            }
        ],
    )
    (revision,) = of(world)["revisions"]

    assert revision["name"] == V1
    (text,) = revision["pods"][0]["containers"]
    assert text == (
        f"kserve-container waits: CrashLoopBackOff: back-off 40s; last ended with {said}, "
        "restarted 3 times"
    )


@pytest.mark.parametrize(("ready", "shown"), [("False", 1), ("True", 0)])
def test_a_replica_that_is_not_ready_is_shown_with_its_latest_warnings(world, ready, shown):
    world.apply()
    labels = {"serving.kserve.io/inferenceservice": "iris"}
    world.store.create(Revision(metadata=ObjectMeta(name=V1, namespace="default", labels=labels)))
    pod = world.pod("iris-x", conditions=[{"type": "Ready", "status": ready}])
    about = ObjectReference(kind="Pod", name="iris-x", uid=pod.metadata.uid)
    for name, kind in (("a", "Warning"), ("b", "Warning"), ("c", "Normal")):
        world.store.create(
            Event(
                metadata=ObjectMeta(name=name, namespace="default"),
                involved_object=about,
                type=kind,
                reason="Unhealthy",
                message="Readiness probe failed: refused",
            )
        )
    (revision,) = of(world)["revisions"]

    expected = ["Unhealthy: Readiness probe failed: refused"]
    assert revision["pods"][0]["warnings"] == expected[:shown]


def test_an_unready_revision_explains_the_traffic(world, conditions):
    world.apply()
    world.ready()
    world.observe(conditions("Ready", "Unknown"), created=V2, ready=V1, traffic=[(V1, 100, True)])

    assert of(world)["traffic"][0]["reason"] == f"{V2} is not ready, so the last ready one"


def test_a_custom_container_has_no_runtime(world):
    world.apply({"containers": [{"image": "i"}]})

    assert of(world)["runtime"] is None
