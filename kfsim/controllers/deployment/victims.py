"""Which Pods go first when there are too many (kubernetes controller_utils ActivePodsWithRanks).

In order: not yet running, not ready, cheaper by `controller.kubernetes.io/pod-deletion-cost`, ready
for a shorter time, restarted more often, younger; the name decides what is left.
"""

from collections.abc import Sequence

from kfsim.api.conditions import find_condition
from kfsim.api.core import Pod
from kfsim.base.clock import parse_timestamp
from kfsim.replicas.status import is_pod_ready

_COST = "controller.kubernetes.io/pod-deletion-cost"
_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}


def choose_victims(pods: Sequence[Pod], count: int) -> tuple[Pod, ...]:
    """The `count` Pods to delete."""
    if count <= 0:
        return ()
    return tuple(sorted(pods, key=_rank)[:count])


def _rank(pod: Pod) -> tuple[int, bool, int, float, int, float, str]:
    ready = find_condition(pod.status.conditions, "Ready")
    since = ready.last_transition_time if ready is not None else None
    restarts = max((each.restart_count or 0 for each in pod.status.container_statuses), default=0)
    return (
        _PHASES.get(pod.status.phase or "Pending", 0),
        is_pod_ready(pod),
        _cost(pod),
        -parse_timestamp(since) if since else 0.0,
        -restarts,
        -parse_timestamp(pod.metadata.creation_timestamp or "1970-01-01T00:00:00Z"),
        pod.metadata.name,
    )


def _cost(pod: Pod) -> int:
    text = pod.metadata.annotations.get(_COST, "0")
    return int(text) if text.lstrip("-").isdigit() else 0
