"""The annotations by which a revision tunes its autoscaling.

Names from knative pkg/apis/autoscaling/register.go and pkg/apis/serving/register.go.
Most have an older spelling in camel case; when both are present the newer one counts. Reading here
is as forgiving as Knative's controllers: a value that cannot be read counts as absent, because
`validation` has refused it at the door.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from kfsim.autoscaler.parsing import parse_integer, parse_number
from kfsim.base.quantities import parse_duration

Annotations = Mapping[str, str]

GROUP = "autoscaling.knative.dev/"

# Values of the class annotation.
KPA_CLASS = "kpa.autoscaling.knative.dev"
HPA_CLASS = "hpa.autoscaling.knative.dev"


@dataclass(frozen=True, slots=True)
class Annotation:
    """One annotation under all its spellings, the one that counts first."""

    keys: tuple[str, ...]

    @property
    def key(self) -> str:
        """The current spelling."""
        return self.keys[0]

    def find(self, annotations: Annotations) -> tuple[str, str] | None:
        """The spelling in use and its value; None when absent."""
        for key in self.keys:
            if (value := annotations.get(key)) is not None:
                return key, value
        return None

    def text(self, annotations: Annotations) -> str | None:
        found = self.find(annotations)
        return None if found is None else found[1]

    def number(self, annotations: Annotations, default: float) -> float:
        found = self.find_number(annotations)
        return default if found is None else found

    def find_number(self, annotations: Annotations) -> float | None:
        try:
            return parse_number(self.text(annotations) or "")
        except ValueError:
            return None

    def integer(self, annotations: Annotations, default: int) -> int:
        try:
            return parse_integer(self.text(annotations) or "")
        except ValueError:
            return default

    def duration(self, annotations: Annotations, default: float) -> float:
        try:
            return parse_duration(self.text(annotations) or "")
        except ValueError:
            return default


def _autoscaling(name: str, old_name: str | None = None) -> Annotation:
    names = (name,) if old_name is None else (name, old_name)
    return Annotation(tuple(GROUP + spelling for spelling in names))


CLASS = _autoscaling("class")
METRIC = _autoscaling("metric")
TARGET = _autoscaling("target")
TARGET_UTILIZATION_PERCENTAGE = _autoscaling(
    "target-utilization-percentage", "targetUtilizationPercentage"
)
TARGET_BURST_CAPACITY = _autoscaling("target-burst-capacity", "targetBurstCapacity")
WINDOW = _autoscaling("window")
PANIC_WINDOW_PERCENTAGE = _autoscaling("panic-window-percentage", "panicWindowPercentage")
PANIC_THRESHOLD_PERCENTAGE = _autoscaling("panic-threshold-percentage", "panicThresholdPercentage")
METRIC_AGGREGATION_ALGORITHM = _autoscaling(
    "metric-aggregation-algorithm", "metricAggregationAlgorithm"
)
MIN_SCALE = _autoscaling("min-scale", "minScale")
MAX_SCALE = _autoscaling("max-scale", "maxScale")
INITIAL_SCALE = _autoscaling("initial-scale", "initialScale")
ACTIVATION_SCALE = _autoscaling("activation-scale")
SCALE_DOWN_DELAY = _autoscaling("scale-down-delay", "scaleDownDelay")
SCALE_TO_ZERO_POD_RETENTION_PERIOD = _autoscaling(
    "scale-to-zero-pod-retention-period", "scaleToZeroPodRetentionPeriod"
)
PROGRESS_DEADLINE = Annotation(("serving.knative.dev/progress-deadline",))

ALL = (
    CLASS,
    METRIC,
    TARGET,
    TARGET_UTILIZATION_PERCENTAGE,
    TARGET_BURST_CAPACITY,
    WINDOW,
    PANIC_WINDOW_PERCENTAGE,
    PANIC_THRESHOLD_PERCENTAGE,
    METRIC_AGGREGATION_ALGORITHM,
    MIN_SCALE,
    MAX_SCALE,
    INITIAL_SCALE,
    ACTIVATION_SCALE,
    SCALE_DOWN_DELAY,
    SCALE_TO_ZERO_POD_RETENTION_PERIOD,
    PROGRESS_DEADLINE,
)
