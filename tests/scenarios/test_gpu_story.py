"""Two services and one GPU: who waits says so up to its InferenceService, and is served in turn."""

import asyncio

import pytest

from kfsim.api.conditions import find_condition
from kfsim.api.core import Event, Pod
from kfsim.api.knative.serving import Revision
from kfsim.api.kserve.types import InferenceService
from kfsim.simulation import SimulatedCluster, simulate

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(10)]

SHORT = "0/1 nodes are available: 1 Insufficient nvidia.com/gpu."


def service(name: str, **limits: int | str) -> InferenceService:
    return InferenceService.model_validate(
        {
            "apiVersion": "serving.kserve.io/v1beta1",
            "kind": "InferenceService",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {
                "predictor": {
                    "minReplicas": 1,
                    "model": {
                        "modelFormat": {"name": "sklearn"},
                        "storageUri": "file:///models/iris",
                        "resources": {
                            "limits": {each.replace("__", ".com/"): limits[each] for each in limits}
                        },
                    },
                }
            },
        }
    )


def condition(cluster: SimulatedCluster, name: str, type_: str) -> tuple[str, str, str]:
    status = cluster.store.get(InferenceService, name, "default").status
    found = find_condition(status.conditions, type_)
    return (found.status, found.reason or "", found.message or "") if found else ("", "", "")


def revision_condition(cluster: SimulatedCluster, name: str, type_: str) -> tuple[str, str, str]:
    status = cluster.store.get(Revision, f"{name}-predictor-00001", "default").status
    found = find_condition(status.conditions, type_)
    return (found.status, found.reason or "", found.message or "") if found else ("", "", "")


def is_ready(cluster: SimulatedCluster, name: str) -> bool:
    return condition(cluster, name, "Ready")[0] == "True"


def test_the_second_service_waits_and_is_served_when_the_first_one_goes() -> None:
    async def story(cluster: SimulatedCluster) -> None:
        cluster.apply(service("first", nvidia__gpu=1))
        await cluster.until(lambda: is_ready(cluster, "first"), what="first Ready", within=10)
        cluster.apply(service("second", nvidia__gpu=1))
        await cluster.until(
            lambda: SHORT in condition(cluster, "second", "PredictorConfigurationReady")[2],
            what="the reason on the InferenceService",
            within=5,
        )
        expected = ("False", "Unschedulable", SHORT)
        assert revision_condition(cluster, "second", "ResourcesAvailable") == expected
        assert revision_condition(cluster, "second", "Ready") == expected
        assert is_ready(cluster, "first")
        assert not is_ready(cluster, "second")
        (pod,) = (each for each in cluster.store.list(Pod) if "second" in each.metadata.name)
        assert pod.status.phase == "Pending"

        await asyncio.sleep(120)
        events = [each for each in cluster.store.list(Event) if each.reason == "FailedScheduling"]
        assert [each.message for each in events] == [SHORT]

        cluster.store.delete(InferenceService, "first", "default")
        await cluster.until(lambda: is_ready(cluster, "second"), what="second Ready", within=60)
        assert revision_condition(cluster, "second", "ResourcesAvailable")[0] == "True"
        assert [each.metadata.name for each in cluster.store.list(Pod)] == [pod.metadata.name]

    simulate(story, gpus=1)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"nvidia__gpu": 1}, f"{SHORT} This host has no GPU."),
        ({"amd__gpu": 1}, "0/1 nodes are available: 1 Insufficient amd.com/gpu. kfsim simulates"),
    ],
    ids=["no-gpu", "unknown-resource"],
)
def test_a_request_that_can_never_be_met_is_on_the_service(
    limits: dict[str, int], message: str
) -> None:
    async def story(cluster: SimulatedCluster) -> None:
        cluster.apply(service("iris", **limits))
        await cluster.until(
            lambda: message in condition(cluster, "iris", "PredictorConfigurationReady")[2],
            what="the reason on the InferenceService",
            within=5,
        )
        assert not is_ready(cluster, "iris")

    simulate(story)
