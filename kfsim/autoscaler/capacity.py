"""How much room a revision has for a burst, and how many activators should stand before it.

Rules from knative pkg/autoscaler/scaling/{autoscaler,multiscaler}.go and
pkg/reconciler/autoscaling/kpa/kpa.go.
"""

import math

from kfsim.autoscaler.spec import DeciderSpec

MINIMUM_ACTIVATORS = 2
# target-burst-capacity for "the activator always stays in the path".
UNLIMITED_BURST = -1


def compute_excess_burst_capacity(spec: DeciderSpec, *, ready_pods: int, panic_value: float) -> int:
    """Room left after the load and the wanted burst; negative keeps the activator in the path.

    2 ready pods of 100 with a load of 30 and a target burst of 211: 200 - 211 - 30 = -41.
    """
    burst = spec.target_burst_capacity
    if burst == 0:
        return 0
    if burst < 0:
        return UNLIMITED_BURST
    return math.floor(ready_pods * spec.total_value - burst - panic_value)


def compute_initial_excess_burst_capacity(spec: DeciderSpec) -> int:
    """The value before the first decision: whether the initial pods alone could take the burst."""
    burst = spec.target_burst_capacity
    if burst in (0, UNLIMITED_BURST):
        return int(burst)
    return int(spec.initial_scale * spec.total_value - burst)


def count_activators(spec: DeciderSpec, *, ready_pods: int) -> int:
    """How many activators cover the ready pods' capacity and the burst."""
    if spec.target_burst_capacity == 0:
        return MINIMUM_ACTIVATORS
    covered = ready_pods * spec.total_value + max(0.0, spec.target_burst_capacity)
    return max(MINIMUM_ACTIVATORS, math.ceil(covered / spec.activator_capacity))
