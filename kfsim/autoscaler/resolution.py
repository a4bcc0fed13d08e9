"""From the cluster's settings and a revision's annotations to the specs in force.

Rules from knative pkg/reconciler/autoscaling/resources/{target,metric}.go,
kpa/resources/decider.go and pkg/apis/autoscaling/v1alpha1/pa_lifecycle.go.
"""

import math

from kfsim.autoscaler import annotations as keys
from kfsim.autoscaler.annotations import Annotations
from kfsim.autoscaler.bounds import ScaleBounds, resolve_bounds
from kfsim.autoscaler.capacity import UNLIMITED_BURST
from kfsim.autoscaler.config import TARGET_MIN, UTILIZATION, AutoscalerConfig
from kfsim.autoscaler.scale_to_zero import ScaleTargetSpec
from kfsim.autoscaler.spec import DeciderSpec, ScalingMetric
from kfsim.autoscaler.windows import LINEAR

# progress-deadline of config-deployment.
DEFAULT_PROGRESS_DEADLINE = 600.0
# What the Horizontal Pod Autoscaler scales on when nothing is said.
_HPA_METRIC = "cpu"


def resolve_class(config: AutoscalerConfig, annotations: Annotations) -> str:
    """Which autoscaler is in charge of the revision."""
    return keys.CLASS.text(annotations) or config.pod_autoscaler_class


def resolve_metric(config: AutoscalerConfig, annotations: Annotations) -> str:
    """What the revision is scaled on."""
    if (metric := keys.METRIC.text(annotations)) is not None:
        return metric
    if resolve_class(config, annotations) == keys.HPA_CLASS:
        return _HPA_METRIC
    return ScalingMetric.CONCURRENCY


def resolve_decider_spec(
    config: AutoscalerConfig,
    annotations: Annotations,
    *,
    container_concurrency: int,
    reachable: bool = True,
) -> DeciderSpec:
    """The decider's parameters; container_concurrency 0 is unlimited."""
    target_value, total_value = resolve_target(
        config, annotations, container_concurrency=container_concurrency
    )
    stable_window = keys.WINDOW.duration(annotations, config.stable_window)
    panic_percentage = keys.PANIC_WINDOW_PERCENTAGE.number(
        annotations, config.panic_window_percentage
    )
    panic_threshold = keys.PANIC_THRESHOLD_PERCENTAGE.number(
        annotations, config.panic_threshold_percentage
    )
    burst = keys.TARGET_BURST_CAPACITY.number(annotations, config.target_burst_capacity)
    bounds = resolve_scale_bounds(config, annotations, reachable=reachable)
    return DeciderSpec(
        metric=resolve_metric(config, annotations),
        aggregation_algorithm=keys.METRIC_AGGREGATION_ALGORITHM.text(annotations) or LINEAR,
        target_value=target_value,
        total_value=total_value,
        max_scale_up_rate=config.max_scale_up_rate,
        max_scale_down_rate=config.max_scale_down_rate,
        stable_window=stable_window,
        panic_window=compute_panic_window(stable_window, panic_percentage),
        panic_threshold=panic_threshold / 100,
        scale_down_delay=keys.SCALE_DOWN_DELAY.duration(annotations, config.scale_down_delay),
        target_burst_capacity=burst,
        activator_capacity=config.activator_capacity,
        initial_scale=resolve_initial_scale(config, annotations),
        activation_scale=keys.ACTIVATION_SCALE.integer(annotations, 0),
        min_scale=bounds.minimum,
        max_scale=bounds.maximum,
        reachable=reachable,
        # Behind the activator for good: it sees every request, so pods are not asked.
        scrapes_pods=burst != UNLIMITED_BURST,
    )


def resolve_scale_target_spec(
    config: AutoscalerConfig,
    annotations: Annotations,
    *,
    reachable: bool = True,
    progress_deadline: float = DEFAULT_PROGRESS_DEADLINE,
) -> ScaleTargetSpec:
    """What `scale_to_zero.step` needs; progress_deadline is config-deployment's, in seconds."""
    bounds = resolve_scale_bounds(config, annotations, reachable=reachable)
    return ScaleTargetSpec(
        enable_scale_to_zero=config.enable_scale_to_zero,
        stable_window=keys.WINDOW.duration(annotations, config.stable_window),
        grace_period=config.scale_to_zero_grace_period,
        pod_retention=keys.SCALE_TO_ZERO_POD_RETENTION_PERIOD.duration(
            annotations, config.scale_to_zero_pod_retention_period
        ),
        progress_deadline=keys.PROGRESS_DEADLINE.duration(annotations, progress_deadline),
        target_burst_capacity=keys.TARGET_BURST_CAPACITY.number(
            annotations, config.target_burst_capacity
        ),
        initial_scale=resolve_initial_scale(config, annotations),
        min_scale=bounds.minimum,
        max_scale=bounds.maximum,
        reachable=reachable,
    )


def resolve_target(
    config: AutoscalerConfig, annotations: Annotations, *, container_concurrency: int
) -> tuple[float, float]:
    """The load per pod to aim for, and what a pod can bear.

    containerConcurrency 10 and the default 70 % give (7, 10). A target annotation replaces what a
    pod can bear, but for concurrency never beyond containerConcurrency.
    """
    metric = resolve_metric(config, annotations)
    if metric == ScalingMetric.RPS:
        total, utilization = config.requests_per_second_target_default, UTILIZATION
    else:
        total = float(container_concurrency) or config.container_concurrency_target_default
        utilization = config.container_concurrency_target_percentage
    if (target := keys.TARGET.find_number(annotations)) is not None:
        total = target
        if metric == ScalingMetric.CONCURRENCY and container_concurrency:
            total = min(target, float(container_concurrency))
    percentage = keys.TARGET_UTILIZATION_PERCENTAGE.find_number(annotations)
    if percentage is not None:
        utilization = percentage / 100
    return max(TARGET_MIN, total * utilization), total


def compute_panic_window(stable_window: float, percentage: float) -> float:
    """A share of the stable window in whole seconds, at least one: 10 % of 25 s are 3 s."""
    return float(max(1, math.floor(stable_window * percentage / 100 + 0.5)))


def resolve_scale_bounds(
    config: AutoscalerConfig, annotations: Annotations, *, reachable: bool
) -> ScaleBounds:
    """The bounds in force for the revision, initial scale apart."""
    return resolve_bounds(
        min_scale=keys.MIN_SCALE.integer(annotations, config.min_scale),
        max_scale=keys.MAX_SCALE.integer(annotations, config.max_scale),
        reachable=reachable,
    )


def resolve_initial_scale(config: AutoscalerConfig, annotations: Annotations) -> int:
    """How many pods a new revision starts with; 0 counts only where the cluster allows it."""
    initial = keys.INITIAL_SCALE.integer(annotations, config.initial_scale)
    if initial == 0 and not config.allow_zero_initial_scale:
        return config.initial_scale
    return initial
