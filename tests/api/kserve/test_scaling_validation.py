"""Which scale metric goes with which autoscaler."""

from typing import Any

import pytest

from kfsim.api.kserve.scaling_validation import validate_autoscaler_class, validate_scaling
from kfsim.api.kserve.types import PredictorSpec

CLASS = "serving.kserve.io/autoscalerClass"
STANDARD = {"serving.kserve.io/deploymentMode": "Standard"}
HPA = {**STANDARD, CLASS: "hpa"}
KNATIVE_HPA = {"autoscaling.knative.dev/class": "hpa.autoscaling.knative.dev"}
KEDA = {**STANDARD, CLASS: "keda"}


@pytest.mark.parametrize(
    ("annotations", "fields", "text"),
    [
        ({}, {"scaleMetric": "concurrency"}, ""),
        ({}, {"scaleMetric": "rps", "scaleTarget": 5}, ""),
        ({}, {"scaleMetric": "cpu"}, "[cpu] is not a supported metric"),
        ({}, {"scaleMetric": "rps", "scaleTarget": 0}, "the target for rps"),
        ({}, {"deploymentStrategy": {"type": "Recreate"}}, "deploymentStrategy"),
        (STANDARD, {"deploymentStrategy": {"type": "Recreate"}}, ""),
        (STANDARD, {"scaleMetric": "rps"}, ""),
        (HPA, {"scaleMetric": "rps"}, "[rps] is not a supported metric"),
        (HPA, {"scaleTarget": 101}, "[1-100] integer"),
        (HPA, {"scaleTarget": 0}, "[1-100] integer"),
        (HPA, {"scaleMetric": "memory", "scaleTarget": 100}, ""),
        (HPA, {"scaleMetric": "memory", "scaleTarget": 101}, "[1-100] integer"),
        (HPA, {"scaleMetric": "memory", "scaleTarget": 0}, "1 MiB"),
        (KNATIVE_HPA, {"scaleMetric": "cpu", "scaleTarget": 50}, ""),
        (KNATIVE_HPA, {"scaleMetric": "rps"}, "[rps] is not a supported metric"),
        (KEDA, {"scaleMetric": "cpu"}, "KEDA"),
        (KEDA, {}, ""),
        ({**STANDARD, CLASS: "none"}, {"scaleMetric": "rps"}, ""),
    ],
)
def test_scaling_fields(annotations: dict[str, str], fields: dict[str, Any], text: str) -> None:
    predictor = PredictorSpec.model_validate(fields)
    messages = [cause.message for cause in validate_scaling(predictor, "spec", annotations)]

    assert len(messages) == (1 if text else 0)
    assert all(text in message for message in messages)


@pytest.mark.parametrize(("name", "count"), [("hpa", 0), ("keda", 0), ("magic", 1)])
def test_autoscaler_class(name: str, count: int) -> None:
    assert len(list(validate_autoscaler_class({CLASS: name}))) == count
