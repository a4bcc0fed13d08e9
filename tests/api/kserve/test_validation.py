"""Each webhook rule: what is refused, at which field, in which words."""

from typing import Any

import pytest

from kfsim.api.kserve.types import InferenceService
from kfsim.api.kserve.validation import validate_inference_service

MODE = "serving.kserve.io/deploymentMode"
MODEL = {"modelFormat": {"name": "sklearn"}, "storageUri": "gs://a/b"}


def isvc(
    predictor: dict[str, Any] | None = None,
    *,
    name: str = "iris",
    annotations: dict[str, str] | None = None,
    status: dict[str, Any] | None = None,
    **spec: Any,
) -> InferenceService:
    return InferenceService.model_validate(
        {
            "metadata": {"name": name, "annotations": annotations or {}},
            "spec": {"predictor": {"model": MODEL} if predictor is None else predictor, **spec},
            "status": status or {},
        }
    )


def model(**fields: Any) -> dict[str, Any]:
    return {"model": {**MODEL, **fields}}


def component(**fields: Any) -> dict[str, Any]:
    return {"model": MODEL, **fields}


def custom(name: str, variable: str, value: str) -> dict[str, Any]:
    return {"name": name, "image": "i", "env": [{"name": variable, "value": value}]}


STANDARD = {MODE: "Standard"}


@pytest.mark.parametrize(
    "good",
    [
        isvc(),
        isvc(component(minReplicas=0, maxReplicas=0)),
        isvc(component(minReplicas=3, maxReplicas=3, scaleMetric="rps", scaleTarget=1)),
        isvc(component(logger={"mode": "all", "url": "http://x"})),
        isvc({"containers": [custom("kserve-container", "PROTOCOL", "v2")]}),
        isvc(component(containers=[{"name": "transformer-container", "image": "i"}])),
        isvc(transformer={"containers": [{"name": "kserve-container", "image": "i"}]}),
        isvc(component(name="stable")),
        isvc(component(scaleMetric="cpu", scaleTarget=80), annotations=STANDARD),
        isvc(annotations={MODE: "RawDeployment"}),
        isvc(component(annotations={"kfsim.dev/runtime": "docker"})),
        isvc(model(storageUri="abc://not/checked/here")),
    ],
)
def test_accepted(good: InferenceService) -> None:
    assert validate_inference_service(good, None) == []


@pytest.mark.parametrize(
    ("bad", "field", "text"),
    [
        (
            isvc(annotations={"kfsim.dev/runtime": "dokcer"}),
            "metadata.annotations[kfsim.dev/runtime]",
            'Unsupported value: "dokcer": supported values: auto, docker, process',
        ),
        (
            isvc(component(annotations={"kfsim.dev/runtime": ""})),
            "spec.predictor.annotations[kfsim.dev/runtime]",
            "supported values: auto, docker, process",
        ),
        (isvc(name="1iris"), "metadata.name", "must start with alphabetical"),
        (isvc(name="a.b"), "metadata.name", "InferenceService name must consist"),
        (isvc({}), "spec.predictor", "exactly one of [SKLearn"),
        (isvc({"sklearn": {}, "xgboost": {}}), "spec.predictor", "found: sklearn, xgboost"),
        (
            isvc(component(containers=[{"name": "kserve-container"}])),
            "spec.predictor",
            "found: model, containers",
        ),
        (isvc(transformer={}), "spec.transformer", "in TransformerSpec"),
        (isvc(explainer={}), "spec.explainer", "in ExplainerSpec"),
        (isvc(component(minReplicas=-1)), "spec.predictor.minReplicas", "less than 0"),
        (isvc(component(maxReplicas=-1)), "spec.predictor.maxReplicas", "less than 0"),
        (isvc(component(maxReplicas=1, minReplicas=2)), "spec.predictor.minReplicas", "greater"),
        (
            isvc(component(containerConcurrency=-1)),
            "spec.predictor.containerConcurrency",
            "parallelism cannot be less than 0",
        ),
        (
            isvc(component(canaryTrafficPercent=101)),
            "spec.predictor.canaryTrafficPercent",
            "between 0 and 100",
        ),
        (isvc(component(timeout=-1)), "spec.predictor.timeout", "less than 0"),
        (isvc(component(logger={"mode": "some"})), "spec.predictor.logger.mode", "logger type"),
        (
            isvc(component(logger={"mode": "all", "storage": {"path": "p"}})),
            "spec.predictor.logger.storage",
            "logger storage",
        ),
        (
            isvc(model(resources={"limits": {"cpu": "many"}})),
            "spec.predictor.model.resources.limits.cpu",
            "not a quantity",
        ),
        (
            isvc(model(protocolVersion="v3")),
            "spec.predictor.model.protocolVersion",
            "invalid protocol v3",
        ),
        (isvc(model(name="x")), "spec.predictor.model.name", "'name' field is not allowed"),
        (
            isvc({"model": {"storageUri": "gs://a"}}),
            "spec.predictor.model.modelFormat.name",
            "must name",
        ),
        (
            isvc({"containers": [custom("kserve-container", "PROTOCOL", "v9")]}),
            "spec.predictor.containers[0].env",
            "invalid protocol v9",
        ),
        (
            isvc(component(containers=[custom("transformer-container", "STORAGE_URI", "gs://a")])),
            "spec.predictor.containers[0].env",
            "storage uri should not be specified",
        ),
        (
            isvc(component(storageUris=[{"uri": "gs://c", "mountPath": "/a"}])),
            "spec.predictor.storageUris",
            "Setting both",
        ),
        (
            isvc(annotations={MODE: "Magic"}),
            f"metadata.annotations[{MODE}]",
            "unknown deploymentMode",
        ),
    ],
    ids=lambda value: None if isinstance(value, InferenceService) else value,
)
def test_refused(bad: InferenceService, field: str, text: str) -> None:
    first = validate_inference_service(bad, None)[0]

    assert first.field == field
    assert text in first.message


def test_the_deployment_mode_cannot_change_once_recorded() -> None:
    old = isvc(status={"deploymentMode": "Knative"})
    new = isvc(annotations=STANDARD)

    assert "cannot be changed from 'Knative' to 'Standard'" in (
        validate_inference_service(new, old)[0].message
    )
    assert validate_inference_service(new, isvc()) == []


@pytest.mark.parametrize("recorded", ["RawDeployment", "Standard"])
def test_a_mode_recorded_under_its_old_name_is_the_same_mode(recorded: str) -> None:
    old = isvc(status={"deploymentMode": recorded})
    assert validate_inference_service(isvc(annotations=STANDARD), old) == []


def test_the_name_of_a_predictor_changes_with_its_model_only() -> None:
    old = isvc(component(name="one"))
    same = validate_inference_service(isvc(component(name="two")), old)
    assert [cause.message for cause in same] == [
        "predictor.name change requires a model change (e.g. storageUri)"
    ]
    moved = {"name": "two", **model(storageUri="gs://a/c")}
    assert validate_inference_service(isvc(moved), old) == []
