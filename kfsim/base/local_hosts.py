"""Names of Services inside a cluster.

They are known by their full form and by two shorter ones, as a resolver inside a cluster would
complete them.
"""

import re
from typing import Final

from kfsim.base.types import ServiceName

LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_CLUSTER_DOMAIN = "svc.cluster.local"
_LOCAL_HOST = re.compile(rf"({LABEL})\.({LABEL})(?:\.svc(?:\.cluster\.local\.?)?)?")


def cluster_local_host(name: str, namespace: str) -> str:
    return f"{name}.{namespace}.{_CLUSTER_DOMAIN}"


def expanded_local_hosts(name: str, namespace: str) -> tuple[str, ...]:
    """All forms of a cluster-local host, sorted (networking pkg/ingress ExpandedHosts)."""
    return (
        f"{name}.{namespace}",
        f"{name}.{namespace}.svc",
        cluster_local_host(name, namespace),
    )


def parse_local_host(host: str) -> ServiceName | None:
    """The Service that one of the three forms of `expanded_local_hosts` names, in any case and
    with or without the final dot; None for every other host."""
    found = _LOCAL_HOST.fullmatch(host.lower())
    return None if found is None else ServiceName(namespace=found[2], name=found[1])
