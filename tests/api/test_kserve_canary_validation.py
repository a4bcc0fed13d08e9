"""spec.canary is Standard mode's; its items are named, fixed in size and sum to at most 100."""

from typing import Any

import pytest

from kfsim.api.kserve import InferenceService
from kfsim.api.kserve_canary_validation import validate_canary


def messages(*canaries: dict[str, Any], mode: str = "Standard") -> list[str]:
    isvc = InferenceService.model_validate(
        {
            "metadata": {"name": "i", "annotations": {"serving.kserve.io/deploymentMode": mode}},
            "spec": {"predictor": {"minReplicas": 2}, "canary": list(canaries)},
        }
    )
    return [cause.message for cause in validate_canary(isvc)]


def item(name: str, percent: int, **predictor: Any) -> dict[str, Any]:
    return {"predictor": {"name": name, **predictor}, "trafficPercent": percent}


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
    ],
)
def test_refused(canaries: list[dict[str, Any]], text: str) -> None:
    assert text in messages(*canaries)[0]


def test_knative_mode_has_no_spec_canary() -> None:
    assert "only supported in Standard" in messages(item("a", 1), mode="Knative")[0]
