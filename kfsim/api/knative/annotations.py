"""Validation of autoscaling, rollout and queue-proxy annotations.

Sources: pkg/apis/autoscaling/annotation_validation.go, pkg/apis/serving/metadata_validation.go
and v1/revision_validation.go. Every annotation is known by its kebab-case key and, where Knative
still reads it, by the older camelCase one; the first that is set counts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from kfsim.api.field_errors import invalid_key, invalid_value, out_of_bounds
from kfsim.api.knative import keys
from kfsim.base.errors import Cause
from kfsim.base.quantities import parse_duration, parse_quantity

_INT32_MAX = 2**31 - 1
_WINDOW_MIN, _WINDOW_MAX = 6.0, 3600.0
_TARGET_MIN = 0.01
_QUEUE = "queue.sidecar.serving.knative.dev"
_QUEUE_RESOURCES: Final = tuple(
    f"{_QUEUE}/{resource}-resource-{kind}"
    for resource in ("cpu", "memory", "ephemeral-storage")
    for kind in ("request", "limit")
)
_ALGORITHMS = ("linear", "weighted-exponential", "weightedExponential")


@dataclass(frozen=True, slots=True)
class ScaleLimits:
    """What config-autoscaler allows annotations to say; max_scale_limit 0 is no limit."""

    allow_zero_initial_scale: bool = False
    max_scale_limit: int = 0
    pod_autoscaler_class: str = keys.KPA_CLASS


_LIMITS = ScaleLimits()


def validate_autoscaling(
    annotations: Mapping[str, str], *, limits: ScaleLimits = _LIMITS
) -> list[Cause]:
    """Check the annotations of a revision template; fields are the annotation keys."""
    return [
        *_class(annotations),
        *_scales(annotations, limits),
        *_numbers(annotations),
        *_windows(annotations),
        *_metric(annotations, limits),
        *_initial_scale(annotations, limits),
    ]


def refuse_autoscaling(annotations: Mapping[str, str]) -> list[Cause]:
    """Autoscaling annotations on a Service, Configuration or Route itself have no effect."""
    details = (
        'autoscaling annotations must be put under "spec.template.metadata.annotations" to work'
    )
    return [
        invalid_key(key, "", details)
        for key in annotations
        if key.startswith(keys.AUTOSCALING_PREFIX)
    ]


def validate_rollout_duration(annotations: Mapping[str, str]) -> list[Cause]:
    key, text = _first(annotations, keys.ROLLOUT_DURATION)
    return _whole_seconds(key, text, "rollout-duration")


def validate_progress_deadline(annotations: Mapping[str, str]) -> list[Cause]:
    key, text = _first(annotations, (keys.PROGRESS_DEADLINE,))
    return _whole_seconds(key, text, "progress-deadline")


def validate_queue_resources(annotations: Mapping[str, str]) -> list[Cause]:
    causes: list[Cause] = []
    for key in _QUEUE_RESOURCES:
        text = annotations.get(key)
        if text is None:
            continue
        try:
            parse_quantity(text)
        except ValueError:
            causes.append(invalid_value(text, key))
    return causes


def annotation(annotations: Mapping[str, str], name: str) -> str | None:
    """The value of `autoscaling.knative.dev/NAME` under its newer or older key."""
    return _first(annotations, _spellings(name))[1]


def _spellings(name: str) -> tuple[str, str]:
    head, *rest = name.split("-")
    camel = head + "".join(word.capitalize() for word in rest)
    return (f"{keys.AUTOSCALING_PREFIX}/{name}", f"{keys.AUTOSCALING_PREFIX}/{camel}")


def _first(annotations: Mapping[str, str], spellings: Iterable[str]) -> tuple[str, str | None]:
    key = ""
    for key in spellings:
        if key in annotations:
            return key, annotations[key]
    return key, None


def _get(annotations: Mapping[str, str], name: str) -> tuple[str, str | None]:
    return _first(annotations, _spellings(name))


def _class(annotations: Mapping[str, str]) -> list[Cause]:
    value = annotations.get(keys.AUTOSCALING_CLASS, "")
    foreign = value.endswith(".knative.dev") and value not in (keys.KPA_CLASS, keys.HPA_CLASS)
    return [invalid_value(value, keys.AUTOSCALING_CLASS)] if foreign else []


def _count(annotations: Mapping[str, str], name: str) -> tuple[int, list[Cause]]:
    key, text = _get(annotations, name)
    if text is None:
        return 0, []
    try:
        value = int(text)
    except ValueError:
        return 0, [invalid_value(text, key)]
    if not 0 <= value <= _INT32_MAX:
        return 0, [out_of_bounds(text, 0, _INT32_MAX, key)]
    return value, []


def _scales(annotations: Mapping[str, str], limits: ScaleLimits) -> list[Cause]:
    low, causes = _count(annotations, "min-scale")
    high, more = _count(annotations, "max-scale")
    causes = [*causes, *more]
    key, text = _get(annotations, "max-scale")
    if high and high < low:
        causes.append(Cause(key, f"max-scale={high} is less than min-scale={low}"))
    limit = limits.max_scale_limit
    if text is not None and limit:
        if high > limit:
            causes.append(out_of_bounds(high, 1, limit, key))
        if high == 0:
            causes.append(Cause(key, f"max-scale=0 (unlimited), must be less than {limit}"))
    return [*causes, *_activation_scale(annotations, low, high)]


def _activation_scale(annotations: Mapping[str, str], low: int, high: int) -> list[Cause]:
    key, text = _get(annotations, "activation-scale")
    if text is None:
        return []
    try:
        value = int(text)
    except ValueError:
        return [invalid_value(text, key)]
    if low > value:
        return [Cause(key, f"min-scale={low} is greater than activation-scale={value}")]
    if 0 < high < value:
        return [Cause(key, f"max-scale={high} is less than activation-scale={value}")]
    if value < 2:
        return [Cause(key, f"activation-scale={value} must be greater than 1")]
    return []


def _numbers(annotations: Mapping[str, str]) -> list[Cause]:
    causes: list[Cause] = []
    for name, low, high in (
        ("panic-window-percentage", 1.0, 100.0),
        ("panic-threshold-percentage", 110.0, 1000.0),
        ("target-utilization-percentage", 1.0, 100.0),
    ):
        key, text = _get(annotations, name)
        value = _float(text)
        if text is not None and value is None:
            causes.append(invalid_value(text, key))
        elif value is not None and not low <= value <= high:
            causes.append(out_of_bounds(text, f"{low:g}", f"{high:g}", key))
    key, text = _get(annotations, "target")
    value = _float(text)
    if text is not None and value is None:
        causes.append(invalid_value(text, key))
    elif value is not None and value < _TARGET_MIN:
        causes.append(Cause(key, f"target {text} should be at least {_TARGET_MIN:g}"))
    key, text = _get(annotations, "target-burst-capacity")
    value = _float(text)
    if text is not None and (value is None or (value < 0 and value != -1)):
        causes.append(invalid_value(text, key))
    return causes


def _float(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _windows(annotations: Mapping[str, str]) -> list[Cause]:
    causes: list[Cause] = []
    for name, low, whole in (
        ("window", _WINDOW_MIN, True),
        ("scale-down-delay", 0.0, True),
        ("scale-to-zero-pod-retention-period", 0.0, False),
    ):
        key, text = _get(annotations, name)
        if text is None:
            continue
        try:
            seconds = parse_duration(text)
        except ValueError:
            causes.append(invalid_value(text, key))
            continue
        if not low <= seconds <= _WINDOW_MAX:
            causes.append(out_of_bounds(text, f"{low:g}s", "1h0m0s", key))
        elif whole and seconds != int(seconds):
            causes.append(Cause(key, "must be specified with at most second precision"))
    return causes


def _metric(annotations: Mapping[str, str], limits: ScaleLimits) -> list[Cause]:
    class_ = annotations.get(keys.AUTOSCALING_CLASS, limits.pod_autoscaler_class)
    causes: list[Cause] = []
    metric = annotations.get(keys.AUTOSCALING_METRIC)
    if metric is not None and (
        (class_ == keys.KPA_CLASS and metric not in ("concurrency", "rps"))
        or (class_ == keys.HPA_CLASS and not metric)
    ):
        causes.append(invalid_value(metric, keys.AUTOSCALING_METRIC))
    key, algorithm = _get(annotations, "metric-aggregation-algorithm")
    chosen = annotations.get(keys.AUTOSCALING_CLASS)
    if chosen == keys.KPA_CLASS and algorithm and algorithm not in _ALGORITHMS:
        causes.append(invalid_value(algorithm, key))
    return causes


def _initial_scale(annotations: Mapping[str, str], limits: ScaleLimits) -> list[Cause]:
    key, text = _get(annotations, "initial-scale")
    if text is None:
        return []
    try:
        value = int(text)
    except ValueError:
        return [invalid_value(text, key)]
    if value < 0:
        return [invalid_value(text, f"{key} must be greater than 0")]
    if value == 0 and not limits.allow_zero_initial_scale:
        return [invalid_value(text, f"{key}=0 not allowed by cluster")]
    return []


def _whole_seconds(key: str, text: str | None, name: str) -> list[Cause]:
    if not text:
        return []
    try:
        seconds = parse_duration(text)
    except ValueError:
        return [invalid_value(text, key)]
    if seconds != int(seconds):
        return [Cause(key, f"{name}={text} is not at second precision")]
    if seconds < 0:
        return [Cause(key, f"{name}={text} must be positive")]
    return []
