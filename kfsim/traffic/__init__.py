"""Route resolution: which revisions a Route's traffic targets mean, and under which hosts.

`resolve_traffic` flattens TrafficTargets to revisions (`latestRevision` is the latest *ready*
one), groups them by tag and merges equal ones into a `Resolution` of `RevisionTarget`s, or names
the problem in Knative's words (`TargetProblem`). `hosts` knows the host names of a route and its
tags, outside and inside the cluster.

The route controller calls both. Everything here is pure: objects are read through the two lookups
that are given.

Must not: write, wait, or know the store or the data plane.
"""

from kfsim.traffic.hosts import (
    HostNames,
    url_of,
)
from kfsim.traffic.problems import TargetProblem
from kfsim.traffic.targets import (
    DEFAULT_TARGET,
    Resolution,
    RevisionTarget,
    is_ready,
    protocol_of,
    resolve_traffic,
)

__all__ = [
    "DEFAULT_TARGET",
    "HostNames",
    "Resolution",
    "RevisionTarget",
    "TargetProblem",
    "is_ready",
    "protocol_of",
    "resolve_traffic",
    "url_of",
]
