"""What mlserver, TorchServe and Triton need beside their runtime."""

from typing import Any

import pytest

from kfsim.api.kserve.runtime_selection import Runtime
from kfsim.api.kserve.types import ModelSpec, PredictorSpec, ServingRuntimeSpec
from kfsim.controllers.inferenceservice.runtime_defaults import (
    ServerDefaults,
    apply_server_defaults,
    server_type,
)

SERVER = "serving.kserve.io/server-type"


def runtime(name: str = "r", server: str = "") -> Runtime:
    annotations = {SERVER: server} if server else {}
    return Runtime(name, True, ServingRuntimeSpec(), annotations, "")


def defaults(server: str, **model: Any) -> ServerDefaults:
    spec = ModelSpec.model_validate({"modelFormat": {"name": "sklearn"}, **model})
    return apply_server_defaults(PredictorSpec(), spec, runtime(server=server), name="iris")


def variables(result: ServerDefaults) -> dict[str, str | None]:
    return {variable.name: variable.value for variable in result.model.env}


def test_the_annotation_goes_before_the_name() -> None:
    assert server_type(runtime("kserve-mlserver", "tritonserver")) == "tritonserver"
    assert server_type(runtime("kserve-mlserver")) == "mlserver"
    assert server_type(runtime("mine")) == ""


def test_mlserver_is_told_the_model() -> None:
    result = defaults("mlserver", storageUri="gs://m")

    assert variables(result) == {
        "MLSERVER_MODEL_NAME": "iris",
        "MLSERVER_MODEL_URI": "/mnt/models",
    }
    assert result.labels == {"modelClass": "mlserver_sklearn.SKLearnModel"}


def test_mlserver_without_storage_loads_nothing() -> None:
    assert variables(defaults("mlserver")) == {"MLSERVER_LOAD_MODELS_AT_STARTUP": "false"}


def test_a_given_variable_is_kept() -> None:
    given = [{"name": "MLSERVER_MODEL_NAME", "value": "mine"}]

    result = variables(defaults("mlserver", storageUri="gs://m", env=given))
    assert result["MLSERVER_MODEL_NAME"] == "mine"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("xgboost", "mlserver_xgboost.XGBoostModel"),
        ("lightgbm", "mlserver_lightgbm.LightGBMModel"),
        ("mlflow", "mlserver_mlflow.MLflowRuntime"),
    ],
)
def test_model_classes(name: str, expected: str) -> None:
    assert defaults("mlserver", modelFormat={"name": name}).labels["modelClass"] == expected


@pytest.mark.parametrize(
    ("protocol", "envelope"), [(None, "kserve"), ("v2", "kservev2"), ("grpc-v2", "kservev2")]
)
def test_torchserve_envelope(protocol: str | None, envelope: str) -> None:
    result = defaults("torchserve", protocolVersion=protocol)

    assert result.labels == {"serviceEnvelope": envelope}
    assert variables(result) == {"PROTOCOL_VERSION": protocol or "v1"}


def test_triton_without_storage_waits_for_explicit_loads() -> None:
    assert defaults("tritonserver").model.args == ("--model-control-mode=explicit",)
    assert defaults("tritonserver", storageUri="gs://m").model.args == ()
