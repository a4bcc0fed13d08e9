"""One InferenceService under `--compat kfserving`: names, conditions, address, canary."""

from typing import Any

import pytest

from kfsim.api.compat import KFSERVING
from kfsim.api.istio import VirtualService
from kfsim.api.knative.serving import Service, TrafficTarget
from kfsim.controllers.inferenceservice.canary import Rollout, advance_rollout, make_traffic
from tests.controllers.inferenceservice.conftest import NAME, NAMESPACE, World, condition

SKLEARN: dict[str, Any] = {"sklearn": {"storageUri": "gs://models/iris"}}
CUSTOM: dict[str, Any] = {"containers": [{"name": "mine", "image": "me/mine:1"}]}


@pytest.fixture
def world() -> World:
    return World(profile=KFSERVING)


def ksvc(world: World, component: str = "predictor") -> Service:
    return world.store.get(Service, f"{NAME}-{component}-default", NAMESPACE)


def test_names_of_the_predictor(world: World) -> None:
    world.apply(SKLEARN)
    template = ksvc(world).spec.template
    assert template.metadata.labels["serving.kubeflow.org/inferenceservice"] == NAME
    (container,) = template.spec.containers
    (initializer,) = template.spec.init_containers
    assert (container.name, container.image) == (
        "kfserving-container",
        "kfserving/sklearnserver:v0.6.1",
    )
    assert not any(variable.name == "INFERENCE_SERVICE_NAME" for variable in container.env)
    assert initializer.image == "kfserving/storage-initializer:v0.6.1"
    assert [volume.name for volume in template.spec.volumes] == ["kfserving-provision-location"]
    assert [mount.name for mount in container.volume_mounts] == ["kfserving-provision-location"]


def test_a_transformer_is_told_the_old_host(world: World) -> None:
    world.apply(SKLEARN, transformer=CUSTOM)
    (container,) = ksvc(world, "transformer").spec.template.spec.containers
    host = container.args[container.args.index("--predictor_host") + 1]
    assert host == f"{NAME}-predictor-default.{NAMESPACE}"


def test_route_and_configuration_conditions_are_swapped(world: World) -> None:
    world.apply(SKLEARN)
    world.observe(
        condition("ConfigurationsReady", "True"),
        condition("RoutesReady", "Unknown", "Waiting"),
        condition("Ready", "Unknown", "Waiting"),
        created="a",
        ready="",
        traffic=[],
        component="predictor-default",
    )
    assert world.condition("PredictorRouteReady").status == "True"
    assert world.condition("PredictorConfigurationReady").reason == "Waiting"


def test_the_misspelt_condition_and_those_that_do_not_exist(world: World) -> None:
    world.apply(SKLEARN, transformer=CUSTOM)
    for component in ("predictor", "transformer"):
        world.ready(f"{NAME}-{component}-default-00001", component=f"{component}-default")
    types = {each.type for each in world.isvc.status.conditions}
    assert types == {
        "Ready",
        "IngressReady",
        "PredictorReady",
        "PredictorRouteReady",
        "PredictorConfigurationReady",
        "TransformerReady",
        "TransformerRouteReady",
        "TransformerConfigurationeReady",
    }
    world.apply(SKLEARN)
    assert "TransformerConfigurationeReady" not in {c.type for c in world.isvc.status.conditions}


@pytest.mark.parametrize(
    ("protocol", "path"), [("v1", "/v1/models/iris:predict"), ("v2", "/v2/models/iris/infer")]
)
def test_the_address_leads_to_the_model(world: World, protocol: str, path: str) -> None:
    world.apply({"sklearn": {"storageUri": "gs://b/m", "protocolVersion": protocol}})
    world.ready("iris-predictor-default-00001", component="predictor-default")
    status = world.isvc.status
    assert status.url == "http://iris.default.localhost:8080"
    assert status.address is not None
    assert status.address.url == f"http://iris.default.svc.cluster.local{path}"
    assert (status.model_status, status.deployment_mode) == (None, None)


def test_the_virtual_service_leads_to_the_old_name_without_headers(world: World) -> None:
    world.apply(SKLEARN)
    world.ready("iris-predictor-default-00001", component="predictor-default")
    (route,) = world.store.get(VirtualService, NAME, NAMESPACE).spec.http
    assert route.rewrite is not None
    assert route.rewrite.authority == "iris-predictor-default.default.svc.cluster.local"
    assert not route.headers


def split(latest: str, percent: int, previous: str = "") -> tuple[TrafficTarget, ...]:
    first = TrafficTarget(revision_name=latest, latest_revision=True, percent=percent)
    rest = TrafficTarget(revision_name=previous, latest_revision=False, percent=100 - percent)
    return (first, rest) if percent < 100 else (first,)


@pytest.mark.parametrize(
    ("rollout", "ready", "shares"),
    [
        pytest.param(Rollout("v1", ""), "v1", [("", 100)], id="second revision: all for a moment"),
        pytest.param(Rollout("v2", "v1"), "v2", [("", 10), ("v1", 90)], id="third: before stable"),
        pytest.param(Rollout("v1", "v1"), "v2", [("", 10), ("v1", 90)], id="once it is ready"),
        pytest.param(Rollout("", ""), "v2", [("", 100)], id="no rolled-out revision"),
    ],
)
def test_what_traffic_is_asked_for(
    rollout: Rollout, ready: str, shares: list[tuple[str, int]]
) -> None:
    traffic = make_traffic(10, rollout, tag_routing=False, latest_ready=ready, profile=KFSERVING)
    assert [(t.revision_name or "", t.percent) for t in traffic] == shares


@pytest.mark.parametrize(
    ("rollout", "created", "traffic", "after"),
    [
        pytest.param(Rollout("v1", ""), "v1", split("v1", 10, "v1"), Rollout("", ""),
                     id="rolled back to nothing"),
        pytest.param(Rollout("v2", "v1"), "v2", split("v2", 10, "v1"), Rollout("v1", "v1"),
                     id="rolled back though split with another"),
        pytest.param(Rollout("v2", "v1"), "v3", split("v2", 10, "v1"), Rollout("v2", "v1"),
                     id="a newer one is under way"),
        pytest.param(Rollout("v1", ""), "v2", split("v2", 100), Rollout("v2", "v1"),
                     id="all traffic counts as rolled out"),
    ],
)  # fmt: skip
def test_rolled_out_revisions(
    rollout: Rollout, created: str, traffic: tuple[TrafficTarget, ...], after: Rollout
) -> None:
    moved = advance_rollout(
        rollout,
        latest_ready=traffic[0].revision_name or "",
        latest_created=created,
        traffic=traffic,
        profile=KFSERVING,
    )
    assert moved == after
