"""Host names of a route: Knative's default templates (networking config-network).

domain-template is `NAME.NAMESPACE.DOMAIN`, tag-template is `TAG-NAME`. Cluster-local hosts are
also known by their two shorter forms, as a resolver inside a cluster would complete them.
"""

_CLUSTER_DOMAIN = "svc.cluster.local"
_HTTP_PORT = 80


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


def url_of(host: str, port: int = _HTTP_PORT) -> str:
    """An http URL; it names the port unless that is 80."""
    return f"http://{host}" if port == _HTTP_PORT else f"http://{host}:{port}"
