"""autoScaling.metrics: what the HPA and KEDA take, in the webhook's words."""

from typing import Any

import pytest

from kfsim.api.kserve.metrics_validation import validate_hpa_metrics, validate_keda_metrics


def resource(name: str, **target: Any) -> dict[str, Any]:
    return {"type": "Resource", "resource": {"name": name, "target": target}}


def block(kind: str, query: str = "q", **target: Any) -> dict[str, Any]:
    field = kind.lower()
    return {"type": kind, field: {"metric": {"query": query}, "target": target}}


def first(causes: Any) -> str:
    return next((cause.message for cause in causes), "")


@pytest.mark.parametrize(
    ("metric", "text"),
    [
        (resource("cpu", type="Utilization", averageUtilization=80), ""),
        (
            {"type": "Resource"},
            "metricSpec.Resource is not set for resource metric source type",
        ),
        (
            block("External", value="1"),
            (
                "invalid HPA metric source type with value [External],valid metric source types "
                "are Resource"
            ),
        ),
    ],
)
def test_hpa(metric: dict[str, Any], text: str) -> None:
    assert first(validate_hpa_metrics({"metrics": [metric]}, "spec.predictor")) == text


@pytest.mark.parametrize(
    ("metric", "text"),
    [
        (resource("cpu", type="Utilization", averageUtilization=80), ""),
        (resource("memory", type="AverageValue", averageValue="2Gi"), ""),
        (block("External", type="Value", value="10"), ""),
        (block("PodMetric", type="Value", value="10"), ""),
        (
            {"type": "Resource"},
            "metricSpec.Resource is not set for resource metric source type",
        ),
        (resource("disk"), "resource type disk is not supported"),
        (
            resource("cpu", type="Value", value=1),
            "the cpu target value type should be Utilization",
        ),
        (
            resource("memory", type="Value"),
            "the memory target value type should be AverageValue or Utilization",
        ),
        (
            resource("memory", type="AverageValue", averageValue="1Ki"),
            "the memory target value should be greater than 1 MiB",
        ),
        (resource("cpu", type="Utilization"), "the AverageUtilization type should be set"),
        (
            resource("cpu", type="Utilization", averageUtilization=101),
            "the target utilization percentage should be a [1-100] integer",
        ),
        (
            {"type": "External"},
            "metricSpec.External is not set for external metric source type",
        ),
        (block("External", ""), "the query should not be empty"),
        (block("External"), "the target threshold value should not be empty"),
        (
            block("External", type="AverageValue", value=1),
            "the AverageValue type should be set",
        ),
        ({"type": "PodMetric"}, "metricSpec.PodMetric is not set for pod metric source type"),
        (block("PodMetric", ""), "the query should not be empty"),
        (block("PodMetric"), "the target threshold value should not be empty"),
        (
            {"type": "Luck"},
            (
                "unknown KEDA metric type with value [Luck].Valid types are "
                "Resource,External,PodMetric"
            ),
        ),
    ],
)
def test_keda(metric: dict[str, Any], text: str) -> None:
    assert first(validate_keda_metrics({"metrics": [metric]}, "spec.predictor")) == text


@pytest.mark.parametrize("nothing", [None, {}, {"metrics": None}, {"behavior": {}}])
def test_no_metrics_are_no_problem(nothing: Any) -> None:
    assert first(validate_keda_metrics(nothing, "spec")) == ""
    assert first(validate_hpa_metrics(nothing, "spec")) == ""
