"""Which Revisions of a Configuration go now, and when to look again. Pure.

Rules from knative pkg/reconciler/gc/gc.go. A Revision is active while it is the latest ready one,
says `serving.knative.dev/no-gc: "true"`, or a Route names it. Of the others, oldest activity first,
the stale ones go as long as more than the minimum are left; then the oldest go until the maximum is
kept. Where a Revision can become stale by time alone, `next_look` says when.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kfsim.api.config.gc import GarbageCollectionConfig
from kfsim.api.knative import keys
from kfsim.api.knative.serving import Revision
from kfsim.base.clock import parse_timestamp


@dataclass(frozen=True, slots=True)
class Collection:
    """Names in the order in which they go; `next_look` in seconds from now, None for never."""

    doomed: tuple[str, ...] = ()
    next_look: float | None = None


NOTHING: Final = Collection()


def collect_revisions(
    revisions: Sequence[Revision],
    config: GarbageCollectionConfig,
    *,
    latest_ready: str,
    wall: float,
) -> Collection:
    """`wall` is the time of day, as creation times are."""
    least, most = config.min_non_active_revisions, config.max_non_active_revisions
    idle = [each for each in revisions if not _is_active(each, latest_ready)]
    if len(revisions) <= least or not idle:
        return NOTHING
    idle.sort(key=lambda each: (_last_active(each), each.metadata.name))
    ends = [(each, _stale_at(each, config)) for each in idle]
    stale = [each for each, end in ends if end is not None and end <= wall]
    doomed = stale[: max(0, len(idle) - least)]
    kept = [each for each in idle if each not in doomed]
    if most is not None and len(kept) > most:
        doomed += kept[: len(kept) - most]
    names = tuple(each.metadata.name for each in doomed)
    later = [end - wall for _, end in ends if end is not None and end > wall]
    left = len(idle) - len(names)
    return Collection(names, min(later) if later and left > least else None)


def _is_active(revision: Revision, latest_ready: str) -> bool:
    metadata = revision.metadata
    if metadata.name == latest_ready or metadata.annotations.get(keys.NO_GC, "").lower() == "true":
        return True
    return metadata.labels.get(keys.ROUTING_STATE) != keys.ROUTING_STATE_RESERVE


def _last_active(revision: Revision) -> float:
    """When a Route last let go of it; its creation where that is unknown."""
    text = revision.metadata.annotations.get(keys.ROUTING_STATE_MODIFIED)
    try:
        return parse_timestamp(text) if text else _created(revision)
    except ValueError:
        return _created(revision)


def _created(revision: Revision) -> float:
    text = revision.metadata.creation_timestamp
    return parse_timestamp(text) if text else 0.0


def _stale_at(revision: Revision, config: GarbageCollectionConfig) -> float | None:
    """The moment from which both retention times are over; None where neither applies."""
    since_create = config.retain_since_create_time
    since_active = config.retain_since_last_active_time
    if since_create is None and since_active is None:
        return None
    return max(
        _created(revision) + (since_create or 0.0), _last_active(revision) + (since_active or 0.0)
    )
