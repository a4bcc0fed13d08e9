"""The predictor's Pod from a runtime and an InferenceService."""

from typing import Any

import pytest

from kfsim.api.kserve.builtin_runtimes import builtin_runtimes
from kfsim.api.kserve.runtime_selection import Runtime, collect_runtimes
from kfsim.api.kserve.types import ClusterServingRuntime, InferenceService, ModelSpec
from kfsim.controllers.inferenceservice.predictor import (
    BuiltPredictor,
    InvalidPredictor,
    build_predictor,
)


def builtin(name: str) -> Runtime:
    return next(r for r in collect_runtimes((), builtin_runtimes()) if r.name == name)


def custom(**spec: Any) -> Runtime:
    runtime = ClusterServingRuntime.model_validate({"metadata": {"name": "r"}, "spec": spec})
    return collect_runtimes((), [runtime])[0]


def build(runtime: Runtime, model: dict[str, Any], **predictor: Any) -> BuiltPredictor:
    isvc = InferenceService.model_validate(
        {
            "metadata": {
                "name": "iris",
                "namespace": "ns",
                "annotations": {"modelFormat": "sklearn"},
            },
            "spec": {"predictor": predictor},
        }
    )
    return build_predictor(isvc, ModelSpec.model_validate(model), runtime)


SKLEARN = {"modelFormat": {"name": "sklearn"}, "storageUri": "gs://m"}


def test_the_models_container_is_laid_over_the_runtimes() -> None:
    built = build(
        builtin("kserve-sklearnserver"),
        {**SKLEARN, "runtimeVersion": "v9", "args": ["--x"], "env": [{"name": "A", "value": "1"}]},
        serviceAccountName="sa",
    )
    container = built.pod_spec.containers[0]

    assert container.name == "kserve-container"
    assert container.image == "kserve/sklearnserver:v9"
    assert container.args[-2:] == ("--http_port=8080", "--x")
    assert [(v.name, v.value) for v in container.env] == [
        ("A", "1"),
        ("INFERENCE_SERVICE_NAME", "iris"),
    ]
    assert built.pod_spec.service_account_name == "sa"


def test_templates_see_annotations_and_server_labels() -> None:
    predictive = build(builtin("kserve-predictiveserver"), SKLEARN).pod_spec.containers[0]
    mlserver = build(builtin("kserve-mlserver"), SKLEARN).pod_spec.containers[0]

    assert "--framework=sklearn" in predictive.args
    assert {v.name: v.value for v in mlserver.env}["MLSERVER_MODEL_IMPLEMENTATION"] == (
        "mlserver_sklearn.SKLearnModel"
    )


def test_a_collocated_transformer_and_sidecars_follow() -> None:
    runtime = custom(
        containers=[
            {"name": "kserve-container", "image": "s"},
            {"name": "transformer-container", "image": "t", "args": ["--a"]},
            {"name": "side", "image": "x"},
        ]
    )
    built = build(
        runtime,
        SKLEARN,
        containers=[
            {"name": "transformer-container", "args": ["--b"]},
            {"name": "own", "image": "y"},
        ],
    )

    assert [c.name for c in built.pod_spec.containers] == [
        "kserve-container",
        "transformer-container",
        "side",
        "own",
    ]
    assert built.pod_spec.containers[1].args == ("--a", "--b")


@pytest.mark.parametrize(
    ("runtime", "model", "text"),
    [
        (custom(containers=[{"name": "other"}]), SKLEARN, "no container named kserve-container"),
        (
            custom(containers=[{"name": "kserve-container", "args": ["{{.Spec}}"]}]),
            SKLEARN,
            "invalid placeholder in runtime r",
        ),
        (
            builtin("kserve-sklearnserver"),
            {"storage": {"key": "k"}},
            "give the model by storageUri",
        ),
    ],
    ids=["no-container", "template", "storage-spec"],
)
def test_what_cannot_be_built(runtime: Runtime, model: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidPredictor, match=text):
        build(runtime, model)
