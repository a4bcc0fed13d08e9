"""What is said to bad annotations."""

import pytest

from kfsim.autoscaler.annotations import GROUP
from kfsim.autoscaler.config import AutoscalerConfig
from kfsim.autoscaler.validation import validate_annotations

PROGRESS_DEADLINE = "serving.knative.dev/progress-deadline"
LIMITED = AutoscalerConfig(max_scale=5, max_scale_limit=10)
ZERO_ALLOWED = AutoscalerConfig(allow_zero_initial_scale=True)


def qualify(annotations: dict[str, str]) -> dict[str, str]:
    return {key if "/" in key else GROUP + key: text for key, text in annotations.items()}


@pytest.mark.parametrize(
    "annotations",
    [
        {},
        {"class": "kpa.autoscaling.knative.dev", "metric": "rps", "target": "0.01"},
        {"class": "hpa.autoscaling.knative.dev", "metric": "memory"},
        {"class": "example.com/own", "metric": "moon-phase", "metric-aggregation-algorithm": "x"},
        {"metricAggregationAlgorithm": "weightedExponential"},
        {"minScale": "2", "max-scale": "2", "activation-scale": "2"},
        {"min-scale": "5", "max-scale": "0"},
        {"target-burst-capacity": "-1", "target-utilization-percentage": "100"},
        {"window": "6s", "scale-down-delay": "1h", "scale-to-zero-pod-retention-period": "500ms"},
        {"panic-window-percentage": "1", "panicThresholdPercentage": "110"},
        {PROGRESS_DEADLINE: "10m", "initialScale": "3"},
        {"unknown": "ignored"},
    ],
)
def test_good_annotations_pass(annotations: dict[str, str]) -> None:
    assert validate_annotations(AutoscalerConfig(), qualify(annotations)) == ()


@pytest.mark.parametrize(
    ("annotations", "key", "text"),
    [
        ({"class": "vpa.autoscaling.knative.dev"}, "class", "invalid value: vpa.autoscaling"),
        ({"metric": "cpu"}, "metric", "concurrency or rps"),
        ({"metric": "", "class": "hpa.autoscaling.knative.dev"}, "metric", "cpu"),
        ({"metric-aggregation-algorithm": "median"}, "metric-aggregation-algorithm", "median"),
        ({"min-scale": "one"}, "min-scale", "invalid value: one"),
        ({"minScale": "-1"}, "minScale", "expected 0 <= -1 <= 2147483647"),
        ({"min-scale": "99999999999"}, "min-scale", "whole number"),
        ({"min-scale": "3", "maxScale": "2"}, "maxScale", "max-scale=2 is less than min-scale=3"),
        ({"min-scale": "3", "activation-scale": "2"}, "activation-scale", "min-scale=3 is greater"),
        ({"max-scale": "3", "activation-scale": "4"}, "activation-scale", "max-scale=3 is less"),
        ({"activation-scale": "1"}, "activation-scale", "greater than 1"),
        ({"initial-scale": "-1"}, "initial-scale", "-1"),
        ({"initial-scale": "0"}, "initial-scale", "allow-zero-initial-scale"),
        ({"target": "0.001"}, "target", "at least 0.01"),
        ({"target": "many"}, "target", "invalid value: many"),
        ({"target-utilization-percentage": "0.7"}, "target-utilization-percentage", "1 <= 0.7"),
        ({"target-burst-capacity": "-5"}, "target-burst-capacity", "-5"),
        ({"panic-window-percentage": "0"}, "panic-window-percentage", "expected 1 <= 0 <= 100"),
        ({"panic-threshold-percentage": "100"}, "panic-threshold-percentage", "110 <= 100"),
        ({"window": "5s"}, "window", "expected 6s <= 5s <= 1h0m0s"),
        ({"window": "60"}, "window", "invalid value: 60"),
        ({"window": "6500ms"}, "window", "second precision"),
        ({"scale-down-delay": "-1s"}, "scale-down-delay", "-1s"),
        ({"scale-down-delay": "1500ms"}, "scale-down-delay", "second precision"),
        ({"scale-to-zero-pod-retention-period": "2h"}, "scale-to-zero-pod-retention-period", "2h"),
        ({PROGRESS_DEADLINE: "1500ms"}, PROGRESS_DEADLINE, "second precision"),
        ({PROGRESS_DEADLINE: "-1s"}, PROGRESS_DEADLINE, "must be positive"),
        ({PROGRESS_DEADLINE: "soon"}, PROGRESS_DEADLINE, "invalid value: soon"),
    ],
)
def test_bad_annotation_is_named(annotations: dict[str, str], key: str, text: str) -> None:
    (cause,) = validate_annotations(AutoscalerConfig(), qualify(annotations))
    assert cause.field == (key if "/" in key else GROUP + key)
    assert text in cause.message


@pytest.mark.parametrize(
    ("maximum", "text"), [("0", "unlimited"), ("11", "expected 1 <= 11 <= 10")]
)
def test_maximum_stays_within_the_clusters_limit(maximum: str, text: str) -> None:
    (cause,) = validate_annotations(LIMITED, qualify({"max-scale": maximum}))
    assert text in cause.message
    assert validate_annotations(LIMITED, qualify({"max-scale": "10"})) == ()


def test_initial_scale_of_zero_where_allowed() -> None:
    assert validate_annotations(ZERO_ALLOWED, qualify({"initial-scale": "0"})) == ()


def test_every_mistake_is_reported() -> None:
    causes = validate_annotations(
        AutoscalerConfig(), qualify({"window": "1s", "target": "x", "min-scale": "-1"})
    )
    assert len(causes) == 3
