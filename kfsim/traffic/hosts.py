"""Host names of a route, by config-domain and config-network.

Without them the host is `NAME.NAMESPACE.DOMAIN` and a tag's is `TAG-NAME.…` (knative
pkg/reconciler/route/domains). Those inside are in
`base.local_hosts`.
"""

from dataclasses import dataclass

from kfsim.api.config.domain import DomainConfig
from kfsim.api.config.network import NetworkConfig
from kfsim.api.meta import ObjectMeta
from kfsim.base.gotemplates import render

_HTTP_PORT = 80


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


def url_of(host: str, port: int = _HTTP_PORT) -> str:
    """An http URL; it names the port unless that is 80."""
    return f"http://{host}" if port == _HTTP_PORT else f"http://{host}:{port}"
