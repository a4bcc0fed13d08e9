"""Route resolution: which revisions a Route's traffic targets mean, and under which hosts.

`resolve_traffic` flattens TrafficTargets to revisions (`latestRevision` is the latest *ready* one),
groups them by tag and merges equal ones, or names the problem in Knative's words. `hosts` knows
the host names of a route and its tags. The route controller calls both; everything here is pure:
it reads objects through the two lookups it is given, and writes nothing.
"""

from kfsim.traffic.hosts import (
    cluster_local_host,
    expanded_local_hosts,
    external_host,
    tagged_name,
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
    "Resolution",
    "RevisionTarget",
    "TargetProblem",
    "cluster_local_host",
    "expanded_local_hosts",
    "external_host",
    "is_ready",
    "protocol_of",
    "resolve_traffic",
    "tagged_name",
    "url_of",
]
