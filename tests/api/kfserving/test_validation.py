"""What KFServing 0.6's webhook refuses, in its words."""

from typing import Any

import pytest

from kfsim.api.admission import admit
from kfsim.api.compat import KFSERVING
from kfsim.api.kserve.types import InferenceService
from kfsim.api.scheme import kind_of
from kfsim.base.errors import Forbidden

SKLEARN = {"sklearn": {"storageUri": "gs://b/m"}}
CUSTOM = {"containers": [{"name": "mine", "image": "me/mine:1"}]}


def send(predictor: dict[str, Any], *, name: str = "iris", **spec: Any) -> None:
    isvc = InferenceService.model_validate(
        {"metadata": {"name": name, "namespace": "n"}, "spec": {"predictor": predictor, **spec}}
    )
    admit(kind_of(InferenceService), isvc, None, profile=KFSERVING)


@pytest.mark.parametrize(
    ("predictor", "message"),
    [
        ({}, ("Exactly one of [SKLearn, XGBoost, Tensorflow, PyTorch, Triton, ONNX, PMML, "
             "LightGBM, Paddle, PodSpec] must be specified in PredictorSpec (found: none)")),
        ({**SKLEARN, "pmml": {}}, "(found: sklearn, pmml)"),
        ({**SKLEARN, **CUSTOM}, "(found: sklearn, containers)"),
        ({"model": {"modelFormat": {"name": "sklearn"}}}, "model is newer than KFServing 0.6"),
        ({**SKLEARN, "model": {"modelFormat": {"name": "sklearn"}}}, "name the framework by"),
        ({"sklearn": {"storageUri": "hf://b/m"}},
         ("storageUri, must be one of: [gs://, s3://, pvc://, file://, https://, http://] or match "
         "https://{}.blob.core.windows.net/{}/{} or be an absolute or relative local path. "
         "StorageUri [hf://b/m] is not supported.")),
        ({"sklearn": {"storageUri": "https://x.blob.core.windows.net"}}, "is not supported."),
        ({"containers": [{"image": "a:1", "env": [{"name": "STORAGE_URI", "value": "hdfs://x"}]}]},
         "StorageUri [hdfs://x] is not supported."),
        ({"containers": [{"image": "a:1", "env": [{"name": "PROTOCOL", "value": "v3"}]}]},
         "Invalid protocol v3. Must be one of [v1, v2]"),
        ({"pmml": {"args": ["--workers=2"]}}, "Workers cannot be greater than 1"),
        ({"pmml": {"args": ["--workers=two"]}}, "Invalid workers argument"),
        ({"pmml": {"args": ["--workers"]}}, "Invalid workers argument"),
        ({"onnx": {"storageUri": "gs://b/m.pt"}}, "extension: '.onnx' but got '.pt'"),
        ({"pytorch": {"protocolVersion": "v2"}}, "Invalid inference protocol version"),
        ({"tensorflow": {"runtimeVersion": "1.14.0-gpu"}}, "names a GPU build and a GPU is not"),
        ({**SKLEARN, "containerConcurrency": -1}, "Parallelism cannot be less than 0."),
        ({**SKLEARN, "minReplicas": -1}, "MinReplicas cannot be less than 0."),
        ({**SKLEARN, "maxReplicas": -1}, "MaxReplicas cannot be less than 0."),
        ({**SKLEARN, "minReplicas": 3, "maxReplicas": 2},
         "MinReplicas cannot be greater than MaxReplicas."),
        ({**SKLEARN, "logger": {"mode": "some"}}, "Invalid logger type"),
        ({**SKLEARN, "canaryTrafficPercent": 101}, "between 0 and 100"),
    ],
)  # fmt: skip
def test_refusals(predictor: dict[str, Any], message: str) -> None:
    with pytest.raises(Forbidden) as refused:
        send(predictor)
    webhook = 'admission webhook "inferenceservice.kfserving-webhook-server.validator" denied the'
    assert refused.value.message.startswith(webhook)
    assert message in refused.value.message


def test_names_and_other_components() -> None:
    with pytest.raises(Forbidden, match="a InferenceService name must consist of"):
        send(SKLEARN, name="1iris")
    with pytest.raises(Forbidden, match=r"Exactly one of \[PodSpec\] must be specified"):
        send(SKLEARN, transformer={})
    with pytest.raises(Forbidden, match=r"in ExplainerSpec \(found: alibi, aix\)"):
        send(SKLEARN, explainer={"alibi": {}, "aix": {}})


@pytest.mark.parametrize(
    "predictor",
    [
        SKLEARN,
        CUSTOM,
        {"onnx": {"storageUri": "gs://b/m.onnx"}},
        {"onnx": {"storageUri": "gs://b/folder"}},
        {"sklearn": {"storageUri": "https://x.blob.core.windows.net/a/b"}},
        {"sklearn": {"storageUri": "models/iris"}},
        {"pmml": {"args": ["--workers=1"]}},
        {**SKLEARN, "scaleMetric": "anything"},
    ],
)
def test_accepted(predictor: dict[str, Any]) -> None:
    send(predictor)


def test_the_current_mode_does_not_look_at_schemes() -> None:
    isvc = InferenceService.model_validate(
        {"metadata": {"name": "iris"}, "spec": {"predictor": {"sklearn": {"storageUri": "x://y"}}}}
    )
    admit(kind_of(InferenceService), isvc, None)
