"""The containers of KFServing 0.6's framework blocks."""

from typing import Any

import pytest

from kfsim.api.compat import KFSERVING
from kfsim.api.kfserving.defaults import default_inference_service
from kfsim.api.kserve.types import InferenceService
from kfsim.controllers.inferenceservice.kfserving_servers import make_server, predictor_protocol

OWN = ("--model_name=iris", "--model_dir=/mnt/models", "--http_port=8080")


def make(**predictor: Any) -> InferenceService:
    isvc = InferenceService.model_validate(
        {"metadata": {"name": "iris"}, "spec": {"predictor": predictor}}
    )
    return default_inference_service(isvc)


@pytest.mark.parametrize(
    ("predictor", "image", "args"),
    [
        ({"sklearn": {}}, "kfserving/sklearnserver:v0.6.1", OWN),
        ({"sklearn": {"args": ["--x"]}, "containerConcurrency": 2},
         "kfserving/sklearnserver:v0.6.1", (*OWN, "--workers=2", "--x")),
        ({"sklearn": {"args": ["--workers=3"]}, "containerConcurrency": 2},
         "kfserving/sklearnserver:v0.6.1", (*OWN, "--workers=3")),
        ({"lightgbm": {"resources": {"limits": {"cpu": "1500m"}}}},
         "kfserving/lgbserver:v0.6.1", (*OWN, "--nthread=2")),
        ({"xgboost": {"runtimeVersion": "v0.5.0"}}, "kfserving/xgbserver:v0.5.0",
         (*OWN, "--nthread=1")),
        ({"pmml": {}, "containerConcurrency": 2}, "kfserving/pmmlserver:v0.6.1", OWN),
        ({"pytorch": {"modelClassName": "Net"}}, "kfserving/pytorchserver:v0.6.1",
         (OWN[0], "--model_class_name=Net", *OWN[1:])),
        ({"pytorch": {}}, "pytorch/torchserve-kfs:0.4.0",
         ("torchserve", "--start", "--model-store=/mnt/models/model-store",
          "--ts-config=/mnt/models/config/config.properties")),
        ({"triton": {}, "containerConcurrency": 4}, "nvcr.io/nvidia/tritonserver:20.08-py3",
         ("tritonserver", "--model-store=/mnt/models", "--grpc-port=9000", "--http-port=8080",
          "--allow-grpc=true", "--allow-http=true", "--http-thread-count=4",
          "--model-control-mode=explicit")),
        ({"onnx": {"storageUri": "gs://b/net.onnx"}}, "mcr.microsoft.com/onnxruntime/server:v1.0.0",
         ("--model_path=/mnt/models/net.onnx", "--http_port=8080", "--grpc_port=9000")),
        ({"tensorflow": {}, "timeout": 5}, "tensorflow/serving:1.14.0",
         ("--port=9000", "--rest_api_port=8080", "--model_name=iris",
          "--model_base_path=/mnt/models", "--rest_api_timeout_in_ms=5000")),
        ({"sklearn": {"image": "mine:2"}}, "mine:2", OWN),
    ],
)  # fmt: skip
def test_containers(predictor: dict[str, Any], image: str, args: tuple[str, ...]) -> None:
    made = make_server(make(**predictor), KFSERVING)
    assert made is not None
    container, uri = made
    assert (container.name, container.image, container.args) == ("kfserving-container", image, args)
    assert uri == next(iter(predictor.values())).get("storageUri")


def test_mlserver_is_told_by_variables() -> None:
    made = make_server(make(sklearn={"protocolVersion": "v2", "storageUri": "gs://b/m"}), KFSERVING)
    assert made is not None
    values = {variable.name: variable.value for variable in made[0].env}
    assert values["MLSERVER_MODEL_IMPLEMENTATION"] == "mlserver_sklearn.SKLearnModel"
    assert values["MLSERVER_MODEL_NAME"] == "iris"
    assert "MLSERVER_LOAD_MODELS_AT_STARTUP" not in values


def test_tensorflow_has_its_entrypoint_as_command() -> None:
    made = make_server(make(tensorflow={}), KFSERVING)
    assert made is not None
    assert made[0].command == ("/usr/bin/tensorflow_model_server",)


@pytest.mark.parametrize(
    ("predictor", "protocol"),
    [
        ({"sklearn": {}}, "v1"),
        ({"sklearn": {"protocolVersion": "v2"}}, "v2"),
        ({"containers": [{"env": [{"name": "PROTOCOL", "value": "v2"}]}]}, "v2"),
        ({"containers": [{}]}, "v1"),
    ],
)
def test_protocol(predictor: dict[str, Any], protocol: str) -> None:
    assert predictor_protocol(make(**predictor).spec.predictor) == protocol


def test_custom_containers_have_no_server() -> None:
    assert make_server(make(containers=[{"image": "a:1"}]), KFSERVING) is None
