"""spec.canary is Standard mode's; its items are named, fixed in size and sum to at most 100."""

from typing import Any

import pytest

from kfsim.api.kserve.types import InferenceService
from kfsim.api.kserve.validation import validate_inference_service

MODEL = {"modelFormat": {"name": "sklearn"}, "storageUri": "gs://a/b"}
STABLE = {"name": "stable", "minReplicas": 2, "model": MODEL}


def messages(*canaries: dict[str, Any], mode: str = "Standard", stable: Any = None) -> list[str]:
    isvc = InferenceService.model_validate(
        {
            "metadata": {"name": "i", "annotations": {"serving.kserve.io/deploymentMode": mode}},
            "spec": {"predictor": stable or STABLE, "canary": list(canaries)},
        }
    )
    return [cause.message for cause in validate_inference_service(isvc, None)]


def item(name: str, percent: int, **predictor: Any) -> dict[str, Any]:
    return {"predictor": {"name": name, "model": MODEL, **predictor}, "trafficPercent": percent}


def test_good_canaries_pass() -> None:
    assert messages() == []
    assert messages(item("a", 40), item("b", 60, minReplicas=2)) == []


@pytest.mark.parametrize(
    ("canaries", "text"),
    [
        ([item("", 1)], "predictor.name is required"),
        ([item("a", 1), item("a", 1)], "is duplicated"),
        ([item("a", 101)], "between 0 and 100"),
        ([item("a", 60), item("b", 41)], "(101) must be <= 100"),
        ([item("a", 1, maxReplicas=2)], "must not set maxReplicas"),
        ([item("a", 1, minReplicas=3)], "must not exceed stable"),
        ([item("a", 1, scaleTarget=3)], "must not set scaleTarget"),
        ([item("a", 1, scaleMetric="cpu")], "must not set scaleMetric"),
        ([item("a", 1, autoScaling={})], "must not set autoScaling"),
        ([item("a", 1, workerSpec={})], "workerSpec (multi-node is not yet supported"),
        ([item("stable", 1)], 'predictor.name "stable" conflicts with stable predictor name'),
        (
            [{"predictor": {"name": "a"}, "trafficPercent": 1}],
            'canary "a" predictor: exactly one of',
        ),
        (
            [item("a", 1, containerConcurrency=-1)],
            'canary "a" predictor: parallelism cannot be less than 0',
        ),
    ],
)
def test_refused(canaries: list[dict[str, Any]], text: str) -> None:
    assert text in messages(*canaries)[0]


def test_knative_mode_has_no_spec_canary() -> None:
    assert "only supported in Standard" in messages(item("a", 1), mode="Knative")[0]


def test_a_stable_predictor_without_a_model_has_no_canary() -> None:
    stable = {"containers": [{"name": "kserve-container", "image": "i"}]}
    assert messages(item("a", 1), stable=stable)[0].startswith(
        "canary requires a stable predictor with a model"
    )
