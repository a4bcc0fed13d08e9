"""Scaling fields of a component against its autoscaler class (inference_service_validation.go)."""

from collections.abc import Iterator, Mapping
from typing import Final

from kfsim.api.knative.keys import AUTOSCALING_CLASS, HPA_CLASS
from kfsim.api.kserve.keys import AUTOSCALER_CLASS, DEPLOYMENT_MODE, STANDARD
from kfsim.api.kserve.metrics_validation import validate_hpa_metrics, validate_keda_metrics
from kfsim.api.kserve.types import ComponentSpec
from kfsim.base.errors import Cause

_CLASSES: Final = ("hpa", "external", "keda", "none")
_HPA_METRICS: Final = ("cpu", "memory")
_KPA_METRICS: Final = ("concurrency", "rps")


def validate_autoscaler_class(annotations: Mapping[str, str]) -> Iterator[Cause]:
    """The annotation names one of the four classes; without it the deployment mode decides."""
    named = annotations.get(AUTOSCALER_CLASS)
    if named is not None and named not in _CLASSES:
        yield Cause(
            f"metadata.annotations[{AUTOSCALER_CLASS}]",
            f"[{named}] is not a supported autoscaler class type",
        )


def validate_scaling(
    component: ComponentSpec, path: str, annotations: Mapping[str, str]
) -> Iterator[Cause]:
    """Knative mode is the KPA's unless it asks for the HPA; Standard mode goes by its class, and
    without one nothing is looked at."""
    if annotations.get(DEPLOYMENT_MODE) != STANDARD:
        if annotations.get(AUTOSCALING_CLASS) == HPA_CLASS:
            yield from _hpa(component, path)
        else:
            yield from _kpa(component, path)
    elif annotations.get(AUTOSCALER_CLASS) == "hpa":
        yield from _hpa(component, path)
    elif annotations.get(AUTOSCALER_CLASS) == "keda":
        if component.scale_metric is not None:
            yield Cause(f"{path}.scaleMetric", "ScaleMetric is not supported for KEDA")
        yield from validate_keda_metrics(component.auto_scaling, path)


def _kpa(component: ComponentSpec, path: str) -> Iterator[Cause]:
    if component.deployment_strategy is not None:
        yield Cause(
            f"{path}.deploymentStrategy",
            "customizing deploymentStrategy is only supported for raw deployment mode",
        )
    metric = component.scale_metric or "concurrency"
    if metric not in _KPA_METRICS:
        yield _unsupported(metric, path)
    elif metric == "rps" and component.scale_target is not None and component.scale_target < 1:
        yield Cause(f"{path}.scaleTarget", "the target for rps should be greater than 1")


def _hpa(component: ComponentSpec, path: str) -> Iterator[Cause]:
    metric = component.scale_metric or "cpu"
    target = component.scale_target
    if metric not in _HPA_METRICS:
        yield _unsupported(metric, path)
    elif target is not None and (target > 100 or (metric == "cpu" and target < 1)):
        yield Cause(
            f"{path}.scaleTarget", "the target utilization percentage should be a [1-100] integer"
        )
    elif metric == "memory" and target is not None and target < 1:
        yield Cause(f"{path}.scaleTarget", "the target memory should be greater than 1 MiB")
    yield from validate_hpa_metrics(component.auto_scaling, path)


def _unsupported(metric: str, path: str) -> Cause:
    return Cause(f"{path}.scaleMetric", f"[{metric}] is not a supported metric")
