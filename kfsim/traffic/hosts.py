"""Host names of a route: Knative's default templates (networking config-network).

domain-template is `NAME.NAMESPACE.DOMAIN`, tag-template is `TAG-NAME`. Cluster-local hosts are
also known by their two shorter forms, as a resolver inside a cluster would complete them.
"""

import re
from typing import Final

from kfsim.base.types import ServiceName

LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_CLUSTER_DOMAIN = "svc.cluster.local"
_HTTP_PORT = 80
_LOCAL_HOST = re.compile(rf"({LABEL})\.({LABEL})(?:\.svc(?:\.cluster\.local\.?)?)?")


def tagged_name(name: str, tag: str) -> str:
    """The host's first label: `TAG-NAME`, or the name itself without a tag."""
    return f"{tag}-{name}" if tag else name


def external_host(name: str, namespace: str, domain: str) -> str:
    return f"{name}.{namespace}.{domain}"


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


def url_of(host: str, port: int = _HTTP_PORT) -> str:
    """An http URL; it names the port unless that is 80."""
    return f"http://{host}" if port == _HTTP_PORT else f"http://{host}:{port}"
