"""What a Pod is called, and how it looks names up.

Pure. The rules are kubelet's (pkg/kubelet/kubelet_pods.go GeneratePodHostNameAndDomain,
pkg/kubelet/network/dns/dns.go).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kfsim.api.core import Pod
from kfsim.backends.docker.creation import Placement

_CLUSTER_DOMAIN = "cluster.local"
_MOST_HOSTNAME = 63


@dataclass(frozen=True, slots=True)
class Names:
    """`settings` are keys of the engine's HostConfig."""

    hostname: str
    domain: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


def make_names(pod: Pod, placement: Placement) -> Names:
    """Host name, /etc/hosts and resolv.conf of the Pod."""
    spec, namespace = pod.spec, pod.metadata.namespace
    hostname = (spec.hostname or pod.metadata.name)[:_MOST_HOSTNAME].rstrip("-.")
    domain = f"{spec.subdomain}.{namespace}.svc.{_CLUSTER_DOMAIN}" if spec.subdomain else ""
    settings: dict[str, Any] = {}
    hosts = [
        f"{name}:{alias.get('ip', '')}"
        for alias in spec.host_aliases
        for name in alias.get("hostnames") or ()
    ]
    if hosts or placement.extra_hosts:
        settings["ExtraHosts"] = [*placement.extra_hosts, *hosts]
    return Names(hostname, domain, settings | _resolver(pod, placement))


def _resolver(pod: Pod, placement: Placement) -> dict[str, Any]:
    config = pod.spec.dns_config or {}
    servers = [*(config.get("nameservers") or ())]
    searches = [*(config.get("searches") or ())]
    options = {each["name"]: each.get("value") for each in config.get("options") or ()}
    if pod.spec.dns_policy not in ("None", "Default") and placement.dns:
        namespace = pod.metadata.namespace
        servers = [*placement.dns, *servers]
        services = f"svc.{_CLUSTER_DOMAIN}"
        searches = [f"{namespace}.{services}", services, _CLUSTER_DOMAIN, *searches]
        options = {"ndots": "5"} | options
    texts = [name if value is None else f"{name}:{value}" for name, value in options.items()]
    found = {"Dns": servers, "DnsSearch": searches, "DnsOptions": texts}
    return {key: list(dict.fromkeys(values)) for key, values in found.items() if values}
