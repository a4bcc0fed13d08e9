"""The cluster-wide settings: the config-autoscaler ConfigMap.

Keys, defaults and limits are those of knative pkg/autoscaler/config/config.go. Unlike Knative,
which stops at the first mistake, all are reported at once.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from kfsim.autoscaler.annotations import KPA_CLASS
from kfsim.autoscaler.parsing import parse_boolean, parse_integer, parse_number
from kfsim.base.errors import Cause, Invalid
from kfsim.base.quantities import format_duration, parse_duration

CONFIG_MAP_NAME = "config-autoscaler"

# Limits that ConfigMap and annotations share (knative pkg/apis/autoscaling/register.go).
TARGET_MIN = 0.01
WINDOW_MIN = 6.0
WINDOW_MAX = 3600.0
PANIC_WINDOW_PERCENTAGE_MIN = 1.0
PANIC_WINDOW_PERCENTAGE_MAX = 100.0
PANIC_THRESHOLD_PERCENTAGE_MIN = 110.0
PANIC_THRESHOLD_PERCENTAGE_MAX = 1000.0
UTILIZATION = 0.7


@dataclass(frozen=True, slots=True)
class AutoscalerConfig:
    """Field names are the ConfigMap's keys with underscores; durations in seconds.

    container_concurrency_target_percentage is kept as a fraction, whichever way it was written: 70
    and 0.7 mean the same.
    """

    pod_autoscaler_class: str = KPA_CLASS
    enable_scale_to_zero: bool = True
    allow_zero_initial_scale: bool = False
    max_scale_up_rate: float = 1000.0
    max_scale_down_rate: float = 2.0
    container_concurrency_target_percentage: float = UTILIZATION
    container_concurrency_target_default: float = 100.0
    requests_per_second_target_default: float = 200.0
    target_burst_capacity: float = 211.0
    panic_window_percentage: float = 10.0
    panic_threshold_percentage: float = 200.0
    activator_capacity: float = 100.0
    initial_scale: int = 1
    min_scale: int = 0
    max_scale: int = 0
    max_scale_limit: int = 0
    stable_window: float = 60.0
    scale_down_delay: float = 0.0
    scale_to_zero_grace_period: float = 30.0
    scale_to_zero_pod_retention_period: float = 0.0

    @classmethod
    def parse(cls, data: Mapping[str, str]) -> "AutoscalerConfig":
        """Read a ConfigMap's data; raises Invalid that names each bad key, its value and the mend.

        Keys that are absent have their defaults; keys that nobody knows are ignored, as upstream.
        """
        values: dict[str, Any] = {}
        causes: list[Cause] = []
        for name, parse in _PARSERS.items():
            key = name.replace("_", "-")
            if key not in data:
                continue
            try:
                values[name] = parse(data[key])
            except ValueError as error:
                causes.append(Cause(key, f"{key} = {data[key]!r}: {error}"))
        percentage = values.get("container_concurrency_target_percentage", UTILIZATION)
        if percentage > 1:
            values["container_concurrency_target_percentage"] = percentage / 100
        config = cls(**values)
        causes += _check(config)
        if causes:
            raise Invalid(
                f"ConfigMap {CONFIG_MAP_NAME} was not accepted: "
                + "; ".join(cause.message for cause in causes),
                causes=causes,
            )
        return config


_READ: Mapping[type, Callable[[str], Any]] = {
    str: str,
    bool: parse_boolean,
    int: parse_integer,
    float: parse_number,
}
_DURATIONS = frozenset(
    {
        "stable_window",
        "scale_down_delay",
        "scale_to_zero_grace_period",
        "scale_to_zero_pod_retention_period",
    }
)
_PARSERS: Mapping[str, Callable[[str], Any]] = {
    field.name: parse_duration if field.name in _DURATIONS else _READ[type(field.default)]
    for field in fields(AutoscalerConfig)
}


def _check(config: AutoscalerConfig) -> Iterator[Cause]:
    """What is wrong with values that could be read."""
    yield from _check_scales(config)
    yield from _check_targets(config)
    yield from _check_durations(config)
    for name in ("max_scale_up_rate", "max_scale_down_rate"):
        if (rate := getattr(config, name)) <= 1:
            yield _cause(name, f"{rate:g}", "must be greater than 1, for example 2")
    if not (
        PANIC_WINDOW_PERCENTAGE_MIN <= config.panic_window_percentage <= PANIC_WINDOW_PERCENTAGE_MAX
    ):
        yield _cause(
            "panic_window_percentage",
            f"{config.panic_window_percentage:g}",
            f"must be within {PANIC_WINDOW_PERCENTAGE_MIN:g} and {PANIC_WINDOW_PERCENTAGE_MAX:g}",
        )
    if config.activator_capacity < 1:
        yield _cause("activator_capacity", f"{config.activator_capacity:g}", "must be at least 1")


def _check_scales(config: AutoscalerConfig) -> Iterator[Cause]:
    least_initial = 0 if config.allow_zero_initial_scale else 1
    if config.initial_scale < least_initial:
        yield _cause(
            "initial_scale",
            config.initial_scale,
            "must be at least 1, or 0 with allow-zero-initial-scale: true",
        )
    for name in ("min_scale", "max_scale", "max_scale_limit"):
        if (scale := getattr(config, name)) < 0:
            yield _cause(name, scale, "must be at least 0")
    limit = config.max_scale_limit
    if limit > 0 and not 1 <= config.max_scale <= limit:
        yield _cause(
            "max_scale", config.max_scale, f"must be within 1 and max-scale-limit, which is {limit}"
        )
    if 0 < config.max_scale < config.min_scale:
        yield _cause(
            "min_scale",
            config.min_scale,
            f"must not be above max-scale, which is {config.max_scale}",
        )


def _check_targets(config: AutoscalerConfig) -> Iterator[Cause]:
    burst = config.target_burst_capacity
    if burst < 0 and burst != -1:
        yield _cause(
            "target_burst_capacity", f"{burst:g}", "must be at least 0, or -1 for no limit"
        )
    fraction = config.container_concurrency_target_percentage
    if not 0 < fraction <= 1:
        yield _cause(
            "container_concurrency_target_percentage",
            f"{fraction * 100:g}",
            "must be above 0 and at most 100",
        )
    elif fraction * config.container_concurrency_target_default < TARGET_MIN:
        yield _cause(
            "container_concurrency_target_default",
            f"{config.container_concurrency_target_default:g}",
            f"times container-concurrency-target-percentage must be at least {TARGET_MIN:g}",
        )
    if config.requests_per_second_target_default < TARGET_MIN:
        yield _cause(
            "requests_per_second_target_default",
            f"{config.requests_per_second_target_default:g}",
            f"must be at least {TARGET_MIN:g}",
        )


def _check_durations(config: AutoscalerConfig) -> Iterator[Cause]:
    if not WINDOW_MIN <= config.stable_window <= WINDOW_MAX:
        yield _cause(
            "stable_window",
            format_duration(config.stable_window),
            f"must be within {format_duration(WINDOW_MIN)} and {format_duration(WINDOW_MAX)}",
        )
    for name in ("stable_window", "scale_down_delay"):
        if (seconds := getattr(config, name)) % 1:
            yield _cause(name, format_duration(seconds), "must be in whole seconds")
    for name in ("scale_down_delay", "scale_to_zero_pod_retention_period"):
        if (seconds := getattr(config, name)) < 0:
            yield _cause(name, format_duration(seconds), "must not be negative")
    if config.scale_to_zero_grace_period <= 0:
        yield _cause(
            "scale_to_zero_grace_period",
            format_duration(config.scale_to_zero_grace_period),
            "must be above 0, for example 30s",
        )


def _cause(name: str, value: object, mend: str) -> Cause:
    key = name.replace("_", "-")
    return Cause(key, f"{key} = {value}: {mend}")
