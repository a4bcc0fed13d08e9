"""What a webhook says to bad autoscaling annotations (knative
pkg/apis/autoscaling/annotation_validation.go).

Messages begin as upstream's do and add what would be right. Other classes than the KPA's and the
HPA's have their own rules: their metric and algorithm are left alone.
"""

from collections.abc import Callable, Iterator

from kfsim.autoscaler import annotations as keys
from kfsim.autoscaler.annotations import Annotation, Annotations
from kfsim.autoscaler.config import (
    PANIC_THRESHOLD_PERCENTAGE_MAX,
    PANIC_THRESHOLD_PERCENTAGE_MIN,
    PANIC_WINDOW_PERCENTAGE_MAX,
    PANIC_WINDOW_PERCENTAGE_MIN,
    TARGET_MIN,
    WINDOW_MAX,
    WINDOW_MIN,
    AutoscalerConfig,
)
from kfsim.autoscaler.parsing import INT32_MAX, parse_integer, parse_number
from kfsim.autoscaler.resolution import resolve_class
from kfsim.autoscaler.spec import ScalingMetric
from kfsim.autoscaler.windows import ALGORITHMS
from kfsim.base.errors import Cause
from kfsim.base.quantities import format_duration, parse_duration

# A value's own complaint about itself; None when it is fine.
Check = Callable[[float], str | None]


def validate_annotations(config: AutoscalerConfig, annotations: Annotations) -> tuple[Cause, ...]:
    """Everything wrong with a revision's autoscaling annotations; each cause's field is the
    annotation's key in the spelling that was used."""
    return (
        *_check_class(config, annotations),
        *_check_scales(config, annotations),
        *_check_numbers(annotations),
        *_check_durations(annotations),
    )


def _check_class(config: AutoscalerConfig, annotations: Annotations) -> Iterator[Cause]:
    chosen = keys.CLASS.find(annotations)
    if chosen is not None:
        key, value = chosen
        if value.endswith(".knative.dev") and value not in (keys.KPA_CLASS, keys.HPA_CLASS):
            yield _invalid(key, value, f"known are {keys.KPA_CLASS} and {keys.HPA_CLASS}")
    in_charge = resolve_class(config, annotations)
    if (found := keys.METRIC.find(annotations)) is not None:
        key, metric = found
        if in_charge == keys.KPA_CLASS and metric not in tuple(ScalingMetric):
            yield _invalid(key, metric, f"class {in_charge} scales on {' or '.join(ScalingMetric)}")
        if in_charge == keys.HPA_CLASS and not metric:
            yield _invalid(key, metric, "write cpu, memory or the name of a custom metric")
    if (found := keys.METRIC_AGGREGATION_ALGORITHM.find(annotations)) is not None:
        key, algorithm = found
        if in_charge == keys.KPA_CLASS and algorithm and algorithm not in ALGORITHMS:
            yield _invalid(key, algorithm, f"known are {', '.join(ALGORITHMS)}")


def _check_scales(config: AutoscalerConfig, annotations: Annotations) -> Iterator[Cause]:
    scales: dict[Annotation, int] = {}
    for annotation in (keys.MIN_SCALE, keys.MAX_SCALE, keys.ACTIVATION_SCALE, keys.INITIAL_SCALE):
        if (found := annotation.find(annotations)) is None:
            continue
        key, text = found
        try:
            scale = parse_integer(text)
        except ValueError:
            yield _invalid(key, text, f"write a whole number within 0 and {INT32_MAX}")
            continue
        if scale < 0:
            yield Cause(key, f"expected 0 <= {text} <= {INT32_MAX}")
        else:
            scales[annotation] = scale
    yield from _compare_scales(config, annotations, scales)


def _compare_scales(
    config: AutoscalerConfig, annotations: Annotations, scales: dict[Annotation, int]
) -> Iterator[Cause]:
    def used(annotation: Annotation) -> str:
        found = annotation.find(annotations)
        return annotation.key if found is None else found[0]

    least, most = scales.get(keys.MIN_SCALE, 0), scales.get(keys.MAX_SCALE)
    if most and most < least:
        yield Cause(used(keys.MAX_SCALE), f"max-scale={most} is less than min-scale={least}")
    limit = config.max_scale_limit
    if limit and most is not None:
        if most == 0:
            yield Cause(used(keys.MAX_SCALE), f"max-scale=0 (unlimited), must be less than {limit}")
        elif most > limit:
            yield Cause(used(keys.MAX_SCALE), f"expected 1 <= {most} <= {limit}")
    if (activation := scales.get(keys.ACTIVATION_SCALE)) is not None:
        key = used(keys.ACTIVATION_SCALE)
        if least > activation:
            yield Cause(key, f"min-scale={least} is greater than activation-scale={activation}")
        elif most and most < activation:
            yield Cause(key, f"max-scale={most} is less than activation-scale={activation}")
        elif activation < 2:
            yield Cause(key, f"activation-scale={activation} must be greater than 1")
    if scales.get(keys.INITIAL_SCALE) == 0 and not config.allow_zero_initial_scale:
        yield _invalid(
            used(keys.INITIAL_SCALE),
            "0",
            "0 is not allowed by the cluster: write 1 or more, or set allow-zero-initial-scale "
            "in config-autoscaler",
        )


def _check_numbers(annotations: Annotations) -> Iterator[Cause]:
    checks: dict[Annotation, Check] = {
        keys.PANIC_WINDOW_PERCENTAGE: _within(
            PANIC_WINDOW_PERCENTAGE_MIN, PANIC_WINDOW_PERCENTAGE_MAX
        ),
        keys.PANIC_THRESHOLD_PERCENTAGE: _within(
            PANIC_THRESHOLD_PERCENTAGE_MIN, PANIC_THRESHOLD_PERCENTAGE_MAX
        ),
        keys.TARGET_UTILIZATION_PERCENTAGE: _within(1, 100),
        keys.TARGET: _check_target,
        keys.TARGET_BURST_CAPACITY: _check_burst,
    }
    for annotation, check in checks.items():
        if (found := annotation.find(annotations)) is None:
            continue
        key, text = found
        try:
            complaint = check(parse_number(text))
        except ValueError:
            yield _invalid(key, text, "write a number")
            continue
        if complaint is not None:
            yield Cause(key, complaint)


def _check_durations(annotations: Annotations) -> Iterator[Cause]:
    checks: dict[Annotation, Check] = {
        keys.WINDOW: _whole_seconds_within(WINDOW_MIN, WINDOW_MAX),
        keys.SCALE_DOWN_DELAY: _whole_seconds_within(0, WINDOW_MAX),
        keys.SCALE_TO_ZERO_POD_RETENTION_PERIOD: _duration_within(0, WINDOW_MAX),
        keys.PROGRESS_DEADLINE: _check_progress_deadline,
    }
    for annotation, check in checks.items():
        if (found := annotation.find(annotations)) is None:
            continue
        key, text = found
        try:
            complaint = check(parse_duration(text))
        except ValueError:
            yield _invalid(key, text, "write a duration such as 30s or 1m30s")
            continue
        if complaint is not None:
            yield Cause(key, complaint)


def _within(least: float, most: float) -> Check:
    def check(value: float) -> str | None:
        return None if least <= value <= most else f"expected {least:g} <= {value:g} <= {most:g}"

    return check


def _duration_within(least: float, most: float) -> Check:
    def check(seconds: float) -> str | None:
        if least <= seconds <= most:
            return None
        texts = map(format_duration, (least, seconds, most))
        return f"expected {' <= '.join(texts)}"

    return check


def _whole_seconds_within(least: float, most: float) -> Check:
    within = _duration_within(least, most)

    def check(seconds: float) -> str | None:
        if (complaint := within(seconds)) is not None:
            return complaint
        return "must be specified with at most second precision" if seconds % 1 else None

    return check


def _check_target(value: float) -> str | None:
    return f"target {value:g} should be at least {TARGET_MIN:g}" if value < TARGET_MIN else None


def _check_burst(value: float) -> str | None:
    if value < 0 and value != -1:
        return f"invalid value: {value:g}; write 0 or more, or -1 for no limit"
    return None


def _check_progress_deadline(seconds: float) -> str | None:
    text = format_duration(seconds)
    if seconds % 1:
        return f"progress-deadline={text} is not at second precision"
    return f"progress-deadline={text} must be positive" if seconds < 0 else None


def _invalid(key: str, value: str, mend: str) -> Cause:
    return Cause(key, f"invalid value: {value}; {mend}")
