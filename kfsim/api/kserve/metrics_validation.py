"""autoScaling.metrics against the autoscaler class (validateScalingHPA-/KedaCompExtension).

The metrics are the HPA's and KEDA's affair, so the API keeps them as they came; here they are read
as far as the webhook looks.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from kfsim.base.errors import Cause
from kfsim.base.quantities import parse_quantity

_MEBIBYTE: Final = 1024**2
_KNOWN: Final = ("cpu", "memory")
_BLOCKS: Final = {"External": ("external", "External"), "PodMetric": ("podmetric", "PodMetric")}


def validate_hpa_metrics(auto_scaling: Mapping[str, Any] | None, path: str) -> Iterator[Cause]:
    """Resource metrics only."""
    for index, metric in enumerate(_metrics(auto_scaling)):
        where = f"{path}.autoScaling.metrics[{index}]"
        kind = metric.get("type", "")
        if kind != "Resource":
            yield Cause(
                f"{where}.type",
                f"invalid HPA metric source type with value [{kind}],valid metric source types are "
                "Resource",
            )
        elif not metric.get("resource"):
            yield _unset(where, "resource", "Resource")


def validate_keda_metrics(auto_scaling: Mapping[str, Any] | None, path: str) -> Iterator[Cause]:
    """Resource, External and PodMetric, each with the target that its scaler needs."""
    for index, metric in enumerate(_metrics(auto_scaling)):
        where = f"{path}.autoScaling.metrics[{index}]"
        kind = metric.get("type", "")
        if kind == "Resource":
            yield from _resource(_dict(metric.get("resource")), f"{where}.resource")
        elif kind in _BLOCKS:
            block, name = _BLOCKS[kind]
            yield from _query(_dict(metric.get(block)), f"{where}.{block}", name)
        else:
            yield Cause(
                f"{where}.type",
                f"unknown KEDA metric type with value [{kind}].Valid types are "
                "Resource,External,PodMetric",
            )


def _resource(resource: Mapping[str, Any], path: str) -> Iterator[Cause]:
    name, target = resource.get("name"), _dict(resource.get("target"))
    kind = target.get("type")
    if not resource:
        yield Cause(path, "metricSpec.Resource is not set for resource metric source type")
    elif name not in _KNOWN:
        yield Cause(f"{path}.name", f"resource type {name or ''} is not supported")
    elif name == "cpu" and kind != "Utilization":
        yield Cause(f"{path}.target.type", "the cpu target value type should be Utilization")
    elif name == "memory" and kind not in ("AverageValue", "Utilization"):
        yield Cause(
            f"{path}.target.type",
            "the memory target value type should be AverageValue or Utilization",
        )
    elif name == "memory" and kind == "AverageValue" and _is_small(target.get("averageValue")):
        yield Cause(
            f"{path}.target.averageValue",
            "the memory target value should be greater than 1 MiB",
        )
    else:
        yield from _target(target, f"{path}.target")


def _query(block: Mapping[str, Any], path: str, name: str) -> Iterator[Cause]:
    target = _dict(block.get("target"))
    if not block:
        words = {"External": "external", "PodMetric": "pod"}
        yield Cause(path, f"metricSpec.{name} is not set for {words[name]} metric source type")
    elif not _dict(block.get("metric")).get("query"):
        yield Cause(f"{path}.metric.query", "the query should not be empty")
    elif target.get("value") is None:
        yield Cause(f"{path}.target.value", "the target threshold value should not be empty")
    else:
        yield from _target(target, f"{path}.target")


def _target(target: Mapping[str, Any], path: str) -> Iterator[Cause]:
    kind = target.get("type")
    if kind == "Utilization":
        percent = target.get("averageUtilization")
        if percent is None:
            yield Cause(path, "the AverageUtilization type should be set")
        elif not (isinstance(percent, int) and 1 <= percent <= 100):
            yield Cause(
                f"{path}.averageUtilization",
                "the target utilization percentage should be a [1-100] integer",
            )
    elif kind == "AverageValue" and target.get("averageValue") is None:
        yield Cause(path, "the AverageValue type should be set")
    elif kind == "Value" and target.get("value") is None:
        yield Cause(path, "the Value type should be set")


def _is_small(value: Any) -> bool:
    """Below one mebibyte, as an absent value is."""
    try:
        return value is None or parse_quantity(value) < _MEBIBYTE
    except ValueError:
        return True


def _unset(path: str, field: str, name: str) -> Cause:
    return Cause(f"{path}.{field}", f"metricSpec.{name} is not set for {field} metric source type")


def _metrics(auto_scaling: Mapping[str, Any] | None) -> Sequence[Mapping[str, Any]]:
    metrics = _dict(auto_scaling).get("metrics")
    return [each for each in metrics if isinstance(each, dict)] if isinstance(metrics, list) else []


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
