"""What a Deployment shows: counts, Available, Progressing and ReplicaFailure.

Rules from kubernetes pkg/controller/deployment/progress.go. Once a rollout has completed, later
scaling does not make it "progress" again; Knative relies on that when it wakes a revision.
"""

from dataclasses import dataclass

from kfsim.api.apps import Deployment, DeploymentStatus
from kfsim.api.conditions import FALSE, TRUE, find_condition
from kfsim.api.meta import Condition
from kfsim.api.replaced_controllers import not_started, replaced_controller
from kfsim.base.clock import format_timestamp, parse_timestamp
from kfsim.controllers.deployment.rollout import Counts, resolve_fences

COMPLETE = "NewReplicaSetAvailable"
UPDATED = "ReplicaSetUpdated"
REPLACED = "ReplacedByKfsim"
TIMED_OUT = "ProgressDeadlineExceeded"
_DEFAULT_DEADLINE = 600


@dataclass(frozen=True, slots=True)
class Observed:
    """The Deployment's Pods as they are."""

    counts: Counts
    ready: int
    terminating: int
    template_hash: str
    failure: str = ""
    """Why Pods could not be created; empty when they could."""


def desired_replicas(deployment: Deployment) -> int:
    """None of a controller whose work kfsim does itself."""
    if replaced_controller(deployment):
        return 0
    return 1 if deployment.spec.replicas is None else deployment.spec.replicas


def make_status(deployment: Deployment, seen: Observed, *, wall: float) -> DeploymentStatus:
    """The status to write."""
    counts, desired = seen.counts, desired_replicas(deployment)
    total = counts.new + counts.old
    available = counts.new_available + counts.old_available
    return DeploymentStatus(
        observed_generation=deployment.metadata.generation,
        replicas=total or None,
        updated_replicas=counts.new or None,
        ready_replicas=seen.ready or None,
        available_replicas=available or None,
        unavailable_replicas=max(0, max(desired, total) - available) or None,
        terminating_replicas=seen.terminating or None,
        conditions=tuple(
            condition
            for condition in (
                _available(deployment, desired, available, wall),
                _progressing(deployment, seen, desired, wall),
                _failure(deployment, seen, wall),
            )
            if condition is not None
        ),
    )


def seconds_to_deadline(
    deployment: Deployment, status: DeploymentStatus, wall: float
) -> float | None:
    """When to look again for a missed progress deadline; None when there is nothing to miss."""
    progressing = find_condition(status.conditions, "Progressing")
    if progressing is None or progressing.reason in (COMPLETE, TIMED_OUT):
        return None
    since = parse_timestamp(progressing.last_update_time or format_timestamp(wall))
    return max(0.0, since + _deadline(deployment) - wall) + 0.001


def _deadline(deployment: Deployment) -> int:
    given = deployment.spec.progress_deadline_seconds
    return _DEFAULT_DEADLINE if given is None else given


def _available(deployment: Deployment, desired: int, available: int, wall: float) -> Condition:
    if image := replaced_controller(deployment):
        return _condition(deployment, "Available", TRUE, REPLACED, not_started(image), wall)
    _, unavailable = resolve_fences(deployment.spec.strategy, desired)
    if available >= desired - unavailable:
        reason, text = "MinimumReplicasAvailable", "Deployment has minimum availability."
        return _condition(deployment, "Available", TRUE, reason, text, wall)
    reason, text = "MinimumReplicasUnavailable", "Deployment does not have minimum availability."
    return _condition(deployment, "Available", FALSE, reason, text, wall)


def _progressing(
    deployment: Deployment, seen: Observed, desired: int, wall: float
) -> Condition | None:
    old = find_condition(deployment.status.conditions, "Progressing")
    counts = seen.counts
    name = f"{deployment.metadata.name}-{seen.template_hash}"
    settled = counts.old == 0 and old is not None and old.reason == COMPLETE
    if settled and deployment.status.observed_generation is not None:
        return old
    if counts.old == 0 and counts.new == desired and counts.new_available == desired:
        text = f'ReplicaSet "{name}" has successfully progressed.'
        return _condition(deployment, "Progressing", TRUE, COMPLETE, text, wall)
    since = parse_timestamp((old and old.last_update_time) or format_timestamp(wall))
    # A time that is yet to come was written before the wall clock was set back.
    if old is None or old.reason == COMPLETE or _has_moved(deployment, seen) or since > wall:
        text = f'ReplicaSet "{name}" is progressing.'
        touched = _condition(deployment, "Progressing", TRUE, UPDATED, text, wall)
        return touched.replaced(last_update_time=format_timestamp(wall))
    if old.reason != TIMED_OUT and wall - since > _deadline(deployment):
        text = f'ReplicaSet "{name}" has timed out progressing.'
        return _condition(deployment, "Progressing", FALSE, TIMED_OUT, text, wall)
    return old


def _has_moved(deployment: Deployment, seen: Observed) -> bool:
    """More new Pods, fewer old ones, or more ready or available ones than the status shows."""
    before, counts = deployment.status, seen.counts
    updated = before.updated_replicas or 0
    return (
        counts.new > updated
        or counts.old < (before.replicas or 0) - updated
        or seen.ready > (before.ready_replicas or 0)
        or counts.new_available + counts.old_available > (before.available_replicas or 0)
    )


def _failure(deployment: Deployment, seen: Observed, wall: float) -> Condition | None:
    if not seen.failure:
        return None
    return _condition(deployment, "ReplicaFailure", TRUE, "FailedCreate", seen.failure, wall)


def _condition(
    deployment: Deployment, type_: str, status: str, reason: str, message: str, wall: float
) -> Condition:
    old = find_condition(deployment.status.conditions, type_)
    if old is not None and (old.status, old.reason, old.message) == (status, reason, message):
        return old
    now = format_timestamp(wall)
    kept = old is not None and old.status == status
    return Condition(
        type=type_,
        status=status,
        reason=reason,
        message=message,
        last_update_time=now,
        last_transition_time=old.last_transition_time if kept and old is not None else now,
    )
