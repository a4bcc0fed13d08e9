"""Blocked variables and multi-node predictors, in the webhook's words."""

from typing import Any

import pytest

from kfsim.api.kserve.validation import validate_inference_service
from tests.api.kserve.test_validation import custom, isvc, model

BLOCKED = custom("c", "PYTHONPATH", "/x")
CONTAINER = {"name": "kserve-container", "image": "i"}
SAID = (
    'the InferenceService "iris" is invalid: setting PYTHONPATH in container "c" is not allowed '
    "for security reasons"
)
NONE = {"serving.kserve.io/autoscalerClass": "none", "serving.kserve.io/deploymentMode": "Standard"}


def messages(*arguments: Any, **spec: Any) -> list[str]:
    causes = validate_inference_service(isvc(*arguments, **spec), None)
    return [cause.message for cause in causes]


@pytest.mark.parametrize(
    ("predictor", "spec"),
    [
        ({"containers": [CONTAINER, BLOCKED]}, {}),
        ({**model(), "initContainers": [BLOCKED]}, {}),
        ({**model(), "workerSpec": {"containers": [BLOCKED]}}, {}),
        ({**model(), "workerSpec": {"initContainers": [BLOCKED]}}, {}),
        (None, {"transformer": {"containers": [CONTAINER, BLOCKED]}}),
        (None, {"transformer": {"containers": [CONTAINER], "initContainers": [BLOCKED]}}),
        (None, {"explainer": {"containers": [CONTAINER, BLOCKED]}}),
    ],
)
def test_python_path_may_not_be_set(predictor: Any, spec: dict[str, Any]) -> None:
    assert messages(predictor, **spec)[0] == SAID


def test_nor_in_the_models_own_container() -> None:
    said = messages(model(env=[{"name": "PYTHONPATH", "value": "x"}]))[0]
    assert said == SAID.replace('"c"', '""')


def multi_node(worker: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {**model(storageUri="pvc://m/x", **fields), "workerSpec": worker}


@pytest.mark.parametrize(
    ("predictor", "text"),
    [
        (
            multi_node({"containers": [{"name": "a"}, {"name": "b"}]}),
            "setting multiple containers in workerSpec is not allowed",
        ),
        (
            multi_node({}, env=[{"name": "PIPELINE_PARALLEL_SIZE", "value": "2"}]),
            "setting PIPELINE_PARALLEL_SIZE in environment variables is not allowed",
        ),
        (
            multi_node({}, env=[{"name": "TENSOR_PARALLEL_SIZE", "value": "2"}]),
            "setting TENSOR_PARALLEL_SIZE in environment variables is not allowed",
        ),
        (
            multi_node({}, resources={"limits": {"example.com/gpu": "1"}}),
            (
                "Unknown GPU resource type. Set 'serving.kserve.io/gpu-resource-types' annotation "
                "to use custom gpu resource type"
            ),
        ),
        (
            {"model": {"modelFormat": {"name": "x"}}, "workerSpec": {}},
            "StorageURI must be set for multinode enabled",
        ),
        (
            {**model(), "workerSpec": {}},
            "Multinode only supports 'pvc' and 'oci' Storage Protocol(gs)",
        ),
        (
            multi_node({"pipelineParallelSize": 0}),
            "WorkerSpec.PipelineParallelSize cannot be less than 1(0)",
        ),
        (
            multi_node({"tensorParallelSize": 0}),
            "WorkerSpec.TensorParallelSize cannot be less than 1(0)",
        ),
        (
            multi_node({"containers": [{"resources": {"limits": {"a.b/gpu": 1}}}]}),
            (
                "Unknown GPU resource type. Set 'serving.kserve.io/gpu-resource-types' annotation "
                "to use custom gpu resource type"
            ),
        ),
    ],
)
def test_multi_node(predictor: dict[str, Any], text: str) -> None:
    said = messages(predictor, annotations=NONE)[0]
    assert said == f'the InferenceService "iris" is invalid: {text}'


def test_multi_node_has_no_autoscaler() -> None:
    said = messages(multi_node({}))[0]
    assert said.endswith("Multinode only supports 'none' autoscaler()")
    assert messages(multi_node({}), annotations=NONE) == []


def test_other_gpus_can_be_named() -> None:
    given = {**NONE, "serving.kserve.io/gpu-resource-types": '["example.com/gpu"]'}
    predictor = multi_node({}, resources={"limits": {"example.com/gpu": "1"}})
    assert messages(predictor, annotations=given) == []
