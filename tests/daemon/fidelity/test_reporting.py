"""What `/kfsim/v1/fidelity` answers."""

import json
from typing import Any

import pytest

from kfsim.api import core
from kfsim.api.kserve.keys import LAST_APPLIED
from kfsim.api.meta import Condition, ObjectMeta
from kfsim.api.substitution import Substitution
from kfsim.base.errors import NotFound
from kfsim.daemon.fidelity import FidelityReporter
from kfsim.daemon.fidelity.reporting import written_document
from kfsim.replicas.devices import GpuMode
from kfsim.testing.clock import FakeClock
from tests.daemon.fidelity.conftest import IMAGE, World

ISVC = {
    "apiVersion": "serving.kserve.io/v1beta1",
    "kind": "InferenceService",
    "namespace": "default",
    "name": "iris",
}


async def ask(world: World, gpu: GpuMode = GpuMode.REQUIRE, **query: str) -> list[dict[str, Any]]:
    answer = await FidelityReporter(world.store, clock=FakeClock(), gpu=gpu).report(query)
    json.dumps(answer)
    objects: list[dict[str, Any]] = answer["objects"]
    return objects


def effects(row: dict[str, Any]) -> dict[str, str]:
    return {each["field"]: each["effect"] for each in row["fields"]}


async def test_an_applied_object_is_told_with_what_runs_it(world: World) -> None:
    predictor = {"nodeSelector": {"a": "b"}, "model": {"image": IMAGE, "securityContext": {"x": 1}}}
    world.runs(world.service({"spec": {"predictor": predictor}}), "process")
    (row,) = await ask(world)
    assert row["source"] == "/m/iris.yaml"
    assert row["served"] == [
        "serving.kserve.io/v1beta1",
        "serving.kubeflow.org/v1beta1",
        "serving.kubeflow.org/v1alpha2",
    ]
    assert row["simulated"]
    assert row["runs"] == [
        {
            "component": "predictor",
            "revision": "iris-predictor-00001",
            "backend": "process",
            "reason": "it is so",
            "images": [IMAGE],
        }
    ]
    assert effects(row) == {
        "spec.predictor.nodeSelector": "ignored",
        "spec.predictor.model.image": "substituted",
        "spec.predictor.model.securityContext": "ignored",
    }


async def test_what_controllers_and_clients_made_is_not_told_of(world: World) -> None:
    world.runs(world.service(), "docker")
    world.store.create(core.ConfigMap(metadata=ObjectMeta(name="made", namespace="default")))
    assert [row["kind"] for row in await ask(world)] == ["InferenceService"]


async def test_one_object_by_its_name(world: World) -> None:
    world.service()
    world.service(name="other")
    assert [row["name"] for row in await ask(world, **ISVC)] == ["iris"]


@pytest.mark.parametrize("change", [{"name": "nope"}, {"kind": "Nope"}])
async def test_what_is_not_there_is_not_found(world: World, change: dict[str, str]) -> None:
    world.service()
    with pytest.raises(NotFound):
        await ask(world, **(ISVC | change))


async def test_what_a_plan_substitutes_is_told(world: World) -> None:
    world.service({"spec": {"predictor": {"sklearn": {"storageUri": "s3://a"}}}})
    made = Substitution("spec.predictor.model.storageUri", "s3://a", "file:///a", "kfsim.yaml")
    reporter = FidelityReporter(
        world.store,
        clock=FakeClock(),
        gpu=GpuMode.REQUIRE,
        substitutions=lambda isvc: (made,),
    )
    (row,) = (await reporter.report({}))["objects"]
    assert row["fields"] == [
        {
            "field": "spec.predictor.sklearn.storageUri",
            "effect": "substituted",
            "why": "kfsim.yaml",
            "asked": "s3://a",
            "given": "file:///a",
            "written": True,
        }
    ]


async def test_gpus_go_by_the_settings(world: World) -> None:
    resources = {"limits": {"nvidia.com/gpu": 1}}
    world.service({"spec": {"predictor": {"model": {"resources": resources}}}})
    (row,) = await ask(world, GpuMode.FAKE)
    assert list(effects(row).values()) == ["substituted"]


async def test_a_service_that_is_not_ready_says_why(world: World) -> None:
    isvc = world.service()
    unready = Condition(type="Ready", status="False", reason="Broken", message="see here")
    status = isvc.status.replaced(conditions=(unready,), observed_generation=1)
    world.store.update_status(isvc.replaced(status=status))
    (row,) = await ask(world)
    assert (row["ready"], row["reason"]) == (False, "Broken: see here")


async def test_a_ready_service_is_ready(world: World) -> None:
    isvc = world.service()
    ready = Condition(type="Ready", status="True")
    status = isvc.status.replaced(conditions=(ready,), observed_generation=1)
    world.store.update_status(isvc.replaced(status=status))
    (row,) = await ask(world)
    assert (row["ready"], row["reason"]) == (True, "")


async def test_a_kind_without_effect_is_not_simulated(world: World) -> None:
    annotations = {LAST_APPLIED: json.dumps({"spec": {"ports": []}})}
    metadata = ObjectMeta(name="mine", namespace="default", annotations=annotations)
    world.store.create(core.Service(metadata=metadata))
    (row,) = await ask(world)
    assert not row["simulated"]
    assert row["whyNot"]
    assert row["fields"] == []


@pytest.mark.parametrize(
    ("applied", "expected"),
    [
        ({"spec": {"predictor": {"minReplicas": 3}}}, {"predictor": {"minReplicas": 3}}),
        ({"spec": {"default": {"predictor": {}}}}, None),
    ],
    ids=["as-written", "another-version"],
)
def test_the_document_is_what_was_written(
    world: World, applied: dict[str, Any], expected: dict[str, Any] | None
) -> None:
    assert written_document(world.service(applied)).get("spec") == expected


def test_without_a_written_document_the_object_speaks(world: World) -> None:
    made = core.ConfigMap(metadata=ObjectMeta(name="made"), data={"a": "b"})
    assert written_document(made)["data"] == {"a": "b"}
