"""canaryTrafficPercent: what traffic is asked for, and which revision counts as rolled out.

KServe 0.20's rule. R is the latest revision that once had all traffic, P the one before it. The
Knative Service is asked for p percent to the latest revision and the rest to R. Its resolved
traffic moves R: a latest ready revision with 100 percent becomes R; a split of R with itself
means that p was lowered again after the promotion, so R goes back to P and the next write sends
the rest there (ksvc_reconciler.go createKnativeService; inference_service_status.go
PropagateStatus).

KFServing 0.6 has the same rule without its guards, and already asks for P where the latest ready
revision is R: a second revision gets all traffic for a moment when it turns ready, and a third one
sends the rest to the first for as long as it is not (0.6.1, the same two files). The profile says
which rule is in force.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from kfsim.api.compat import CURRENT, Profile
from kfsim.api.knative.serving import TrafficTarget

LATEST_TAG = "latest"
PREVIOUS_TAG = "prev"


@dataclass(frozen=True, slots=True)
class Rollout:
    """R and P; empty while there is none."""

    latest_rolled_out: str = ""
    previous_rolled_out: str = ""


def make_traffic(
    percent: int | None,
    rollout: Rollout,
    *,
    tag_routing: bool,
    latest_ready: str = "",
    profile: Profile = CURRENT,
) -> tuple[TrafficTarget, ...]:
    """The Knative Service's spec.traffic; `prev` is tagged always, `latest` only when asked."""
    stable = rollout.latest_rolled_out
    if profile.rollback_when_writing and stable == latest_ready:
        stable = rollout.previous_rolled_out
    split = percent is not None and percent < 100 and stable != ""
    share = percent if split and percent is not None else 100
    latest = TrafficTarget(
        latest_revision=True, percent=share, tag=LATEST_TAG if tag_routing else None
    )
    if not split:
        return (latest,)
    previous = TrafficTarget(
        revision_name=stable,
        latest_revision=False,
        percent=100 - share,
        tag=PREVIOUS_TAG,
    )
    return (latest, previous)


def advance_rollout(
    rollout: Rollout,
    *,
    latest_ready: str,
    latest_created: str,
    traffic: Sequence[TrafficTarget],
    profile: Profile = CURRENT,
) -> Rollout:
    """R and P after the Knative Service reported `traffic` (resolved to revision names).

    The caller must not ask while the report lags behind the last write: a split of R with itself
    also shows for a moment when template and percent were changed in one write.
    """
    target = next(
        (t for t in traffic if t.latest_revision and t.revision_name == latest_ready), None
    )
    if target is None or target.percent is None or not latest_ready:
        return rollout
    if latest_ready != rollout.latest_rolled_out:
        if target.percent == 100:
            return Rollout(latest_ready, rollout.latest_rolled_out)
        return rollout
    if latest_ready != latest_created or target.percent == 100:
        return rollout
    share = sum(t.percent or 0 for t in traffic if t.revision_name == latest_ready)
    may_roll_back = share == 100 and rollout.previous_rolled_out != ""
    if may_roll_back or not profile.guarded_rollback:
        return Rollout(rollout.previous_rolled_out, rollout.previous_rolled_out)
    return rollout
