"""Defaulting rewrites framework blocks and sizes custom containers; twice is once."""

import pytest

from kfsim.api.kserve.defaults import default_inference_service
from kfsim.api.kserve.types import InferenceService


def defaulted(
    spec: dict[str, object], annotations: dict[str, str] | None = None
) -> InferenceService:
    isvc = InferenceService.model_validate(
        {"metadata": {"name": "iris", "annotations": annotations or {}}, "spec": spec}
    )
    once = default_inference_service(isvc)
    assert default_inference_service(once) == once
    return once


@pytest.mark.parametrize(
    ("block", "protocol"),
    [("sklearn", None), ("xgboost", None), ("triton", "v2"), ("onnx", "v2"), ("huggingface", "v2")],
)
def test_a_framework_block_becomes_the_model_form(block: str, protocol: str | None) -> None:
    given = {"storageUri": "gs://a/b", "args": ["--x"], "resources": {"limits": {"cpu": "2"}}}
    predictor = defaulted({"predictor": {block: given, "minReplicas": 0}}).spec.predictor

    assert getattr(predictor, block) is None
    assert predictor.model is not None
    assert predictor.model.model_format.name == block
    assert predictor.model.protocol_version == protocol
    assert predictor.model.storage_uri == "gs://a/b"
    assert predictor.model.args == ("--x",)
    assert predictor.model.resources is not None
    assert predictor.model.resources.limits == {"cpu": "2"}
    assert predictor.min_replicas == 0


def test_a_given_protocol_is_kept() -> None:
    model = defaulted({"predictor": {"onnx": {"protocolVersion": "grpc-v2"}}}).spec.predictor.model

    assert model is not None
    assert model.protocol_version == "grpc-v2"


def test_the_triton_model_format_speaks_v2() -> None:
    spec = {"predictor": {"model": {"modelFormat": {"name": "triton"}}}}
    model = defaulted(spec).spec.predictor.model

    assert model is not None
    assert model.protocol_version == "v2"


def test_two_blocks_are_left_for_validation_to_refuse() -> None:
    predictor = defaulted({"predictor": {"sklearn": {}, "onnx": {}}}).spec.predictor
    assert predictor.onnx is not None
    assert predictor.sklearn is not None


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["", "side"], ["kserve-container", "side"]),
        (["mine"], ["kserve-container"]),
        (["mine", "side"], ["mine", "side"]),
    ],
    ids=["unnamed", "single", "several-named"],
)
def test_custom_containers_are_named(names: list[str], expected: list[str]) -> None:
    containers = [{"name": name, "image": "i"} for name in names]
    predictor = defaulted({"predictor": {"containers": containers}}).spec.predictor

    assert [container.name for container in predictor.containers] == expected
    assert predictor.containers[0].resources is not None
    assert predictor.containers[0].resources.limits == {"cpu": "1", "memory": "2Gi"}


def test_given_resources_are_completed_not_replaced() -> None:
    container = {"image": "i", "resources": {"limits": {"memory": "4Gi"}}}
    predictor = defaulted({"predictor": {"containers": [container]}}).spec.predictor

    resources = predictor.containers[0].resources
    assert resources is not None
    assert resources.limits == {"cpu": "1", "memory": "4Gi"}
    assert resources.requests == {"cpu": "1", "memory": "2Gi"}


@pytest.mark.parametrize(
    ("given", "stored"),
    [("RawDeployment", "Standard"), ("Serverless", "Knative"), ("Standard", "Standard")],
)
def test_old_deployment_mode_names_are_translated(given: str, stored: str) -> None:
    key = "serving.kserve.io/deploymentMode"
    isvc = defaulted({"predictor": {"sklearn": {}}}, {key: given})

    assert isvc.metadata.annotations[key] == stored


def test_the_model_format_is_noted_but_not_overwritten() -> None:
    spec: dict[str, object] = {"predictor": {"sklearn": {}}}

    assert defaulted(spec).metadata.annotations["modelFormat"] == "sklearn"
    assert defaulted(spec, {"modelFormat": "mine"}).metadata.annotations["modelFormat"] == "mine"


def test_a_changed_block_replaces_the_model_that_it_became() -> None:
    """What a client-side apply of a changed manifest sends: its block beside the live `model`."""
    live = {"modelFormat": {"name": "sklearn"}, "storageUri": "gs://b/1"}
    predictor = defaulted(
        {"predictor": {"model": live, "sklearn": {"storageUri": "gs://b/2"}}}
    ).spec.predictor
    assert predictor.sklearn is None
    assert predictor.model is not None
    assert predictor.model.storage_uri == "gs://b/2"
