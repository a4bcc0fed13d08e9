"""What KFServing 0.6's defaulter writes; the framework block stays."""

from typing import Any

import pytest

from kfsim.api.kfserving.defaults import default_inference_service
from kfsim.api.kserve.types import InferenceService

SIZE = {"cpu": "1", "memory": "2Gi"}
RESOURCES = {"requests": SIZE, "limits": SIZE}
NAMED = {"name": "kfserving-container", "resources": RESOURCES}


def default(**spec: Any) -> Any:
    isvc = InferenceService.model_validate({"metadata": {"name": "iris"}, "spec": spec})
    made = default_inference_service(isvc)
    assert default_inference_service(made) == made
    return made.model_dump(by_alias=True, exclude_defaults=True)["spec"]


@pytest.mark.parametrize(
    ("predictor", "expected"),
    [
        pytest.param(
            {"sklearn": {"storageUri": "gs://b/m"}},
            {"sklearn": {**NAMED, "storageUri": "gs://b/m", "runtimeVersion": "v0.6.1",
                         "protocolVersion": "v1"}},
            id="sklearn",
        ),
        pytest.param(
            {"sklearn": {"protocolVersion": "v2"}},
            {"sklearn": {**NAMED, "runtimeVersion": "0.2.1", "protocolVersion": "v2"}},
            id="sklearn v2",
        ),
        pytest.param(
            {"triton": {"runtimeVersion": "21.01"}},
            {"triton": {**NAMED, "runtimeVersion": "21.01"}},
            id="no protocol for triton",
        ),
        pytest.param(
            {"containers": [{"name": "mine", "image": "a:1"}, {"name": "side", "image": "b:1"}]},
            {"containers": ({**NAMED, "image": "a:1"}, {"name": "side", "image": "b:1"})},
            id="the first custom container is renamed",
        ),
        pytest.param(
            {"sklearn": {}, "xgboost": {}}, {"sklearn": {}, "xgboost": {}}, id="two are left alone"
        ),
    ],
)  # fmt: skip
def test_predictors(predictor: dict[str, Any], expected: dict[str, Any]) -> None:
    assert default(predictor=predictor) == {"predictor": expected}


def test_transformers_and_explainers() -> None:
    custom = {"containers": [{"image": "a:1"}]}
    made = default(predictor=custom, transformer=custom, explainer=custom)
    expected = {"containers": ({**NAMED, "image": "a:1"},)}
    assert made == {"predictor": expected, "transformer": expected, "explainer": expected}
