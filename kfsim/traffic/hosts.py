"""Host names of a route, by config-domain and config-network.

Without them the host is `NAME.NAMESPACE.DOMAIN` and a tag's is `TAG-NAME.…` (knative
pkg/reconciler/route/domains). Cluster-local hosts are also known by their two shorter forms, as a
resolver inside a cluster would complete them.
"""

import re
from dataclasses import dataclass
from typing import Final

from kfsim.api.config.domain import DomainConfig
from kfsim.api.config.network import NetworkConfig
from kfsim.api.meta import ObjectMeta
from kfsim.base.gotemplates import render
from kfsim.base.types import ServiceName

LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_CLUSTER_DOMAIN = "svc.cluster.local"
_HTTP_PORT = 80
_LOCAL_HOST = re.compile(rf"({LABEL})\.({LABEL})(?:\.svc(?:\.cluster\.local\.?)?)?")


@dataclass(frozen=True, slots=True)
class HostNames:
    """How the names and hosts of routes are made now."""

    domains: DomainConfig
    network: NetworkConfig

    def tagged_name(self, name: str, tag: str) -> str:
        """The name of a tag's Service, which begins its host: `TAG-NAME`, or the name itself."""
        return render(self.network.tag_template, {"Name": name, "Tag": tag}) if tag else name

    def external_host(self, route: ObjectMeta, tag: str) -> str:
        """The host of a route or of one of its tags, outside of the cluster."""
        return render(
            self.network.domain_template,
            {
                "Name": self.tagged_name(route.name, tag),
                "Namespace": route.namespace,
                "Domain": self.domains.lookup(route.labels),
                "Labels": route.labels,
                "Annotations": route.annotations,
            },
        )


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
