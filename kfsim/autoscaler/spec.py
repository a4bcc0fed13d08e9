"""What a Decider needs to know of its revision (knative pkg/autoscaler/scaling/multiscaler.go)."""

from dataclasses import dataclass
from enum import StrEnum


class ScalingMetric(StrEnum):
    """What the Knative Pod Autoscaler can scale on."""

    CONCURRENCY = "concurrency"
    RPS = "rps"


@dataclass(frozen=True, slots=True)
class DeciderSpec:
    """The parameters by which one revision is scaled. Times in seconds, rates as ratios.

    target_value is the load per pod to aim for (after utilisation), total_value what a pod can
    bear. max_scale 0 is unbounded; activation_scale counts only above 1. target_burst_capacity is
    in requests in flight: -1 keeps the activator in the path always, 0 only at zero.
    An unreachable revision has no lower rate limit, no scale-down delay and no min_scale.
    scrapes_pods False means that only the activator reports: missing data then reads as zero.
    """

    metric: str = ScalingMetric.CONCURRENCY
    aggregation_algorithm: str = "linear"
    target_value: float = 70.0
    total_value: float = 100.0
    max_scale_up_rate: float = 1000.0
    max_scale_down_rate: float = 2.0
    stable_window: float = 60.0
    panic_window: float = 6.0
    panic_threshold: float = 2.0
    scale_down_delay: float = 0.0
    target_burst_capacity: float = 211.0
    activator_capacity: float = 100.0
    initial_scale: int = 1
    activation_scale: int = 0
    min_scale: int = 0
    max_scale: int = 0
    reachable: bool = True
    scrapes_pods: bool = True
