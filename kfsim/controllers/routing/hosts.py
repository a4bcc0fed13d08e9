"""Host routes of an Ingress and of KServe's VirtualService.

Hosts are known by their first two labels, `NAME.NAMESPACE`: the external host and the forms of
the cluster-local one are one entry, and the domain after them is free.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from kfsim.api.istio import HTTPRoute, VirtualService
from kfsim.api.knative import keys
from kfsim.api.knative.internal import Ingress, IngressRule
from kfsim.base.types import HostRoute, RevisionKey, WeightedRevision

_HOST_HEADER = "host"
_CLUSTER_LOCAL = "ClusterLocal"


def host_key(host: str) -> str:
    """`NAME.NAMESPACE` of a host, in lower case; empty for a host of one label."""
    labels = host.partition(":")[0].lower().split(".")
    return ".".join(labels[:2]) if len(labels) > 1 else ""


def service_name(ingress: Ingress) -> str:
    """The Knative Service's name, or the Route's own where no Service made it."""
    return ingress.metadata.labels.get(keys.SERVICE) or ingress.metadata.name


def ingress_hosts(ingress: Ingress) -> dict[str, HostRoute]:
    """The routes of all rules; header matches are left to tag header based routing."""
    routes: dict[str, HostRoute] = {}
    tag = ""
    for rule in ingress.spec.rules:
        if rule.visibility == _CLUSTER_LOCAL:  # before the external one of the same tag
            tag = _tag(ingress, rule)
        for host in rule.hosts:
            key = host_key(host)
            if key and key not in routes:
                routes[key] = _route(ingress, rule, tag)
    return routes


def default_route(ingress: Ingress, hosts: Mapping[str, HostRoute]) -> HostRoute | None:
    """The route without a tag."""
    metadata = ingress.metadata
    return hosts.get(f"{metadata.name}.{metadata.namespace}")


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What a VirtualService does: its hosts go to another host, with headers added."""

    hosts: tuple[str, ...]
    target: str
    append_headers: tuple[tuple[str, str], ...] = ()

    def route(self, namespace: str, name: str, target: HostRoute) -> HostRoute:
        """The target's split under the VirtualService's own name."""
        headers = (*target.append_headers, *self.append_headers)
        return HostRoute(namespace, name, target.split, headers)


@lru_cache(maxsize=256)
def shared_header(name: str, value: str) -> tuple[str, str]:
    """One object for all routes that say the same: those of a namespace do."""
    return name, value


def rewrite_of(virtual_service: VirtualService) -> Rewrite | None:
    """The rewrite for requests that no path singles out; None when there is none."""
    http = _catch_all(virtual_service.spec.http)
    if http is None:
        return None
    headers = dict(_set_headers(http))
    host = next((value for name, value in headers.items() if name.lower() == _HOST_HEADER), "")
    target = host_key(host or _authority(http))
    if not target:
        return None
    return Rewrite(
        hosts=tuple(dict.fromkeys(filter(None, map(host_key, virtual_service.spec.hosts)))),
        target=target,
        append_headers=tuple(
            shared_header(name, value)
            for name, value in headers.items()
            if name.lower() != _HOST_HEADER
        ),
    )


def _tag(ingress: Ingress, rule: IngressRule) -> str:
    """What a rule's cluster-local host has beside the Route's own name."""
    first_label = rule.hosts[0].partition(".")[0] if rule.hosts else ""
    return first_label.replace(ingress.metadata.name, "", 1).strip("-")


def _route(ingress: Ingress, rule: IngressRule, tag: str) -> HostRoute:
    path = next((each for each in rule.http.paths if not each.headers), None)
    splits = path.splits if path is not None else ()
    return HostRoute(
        namespace=ingress.metadata.namespace,
        name=service_name(ingress),
        split=tuple(
            WeightedRevision(
                RevisionKey(split.service_namespace, split.service_name),
                100 if split.percent is None else split.percent,
            )
            for split in splits
        ),
        append_headers=tuple(path.append_headers.items()) if path is not None else (),
        tag=tag,
    )


def _catch_all(routes: tuple[HTTPRoute, ...]) -> HTTPRoute | None:
    for http in routes:
        if not http.match or any(match.uri is None for match in http.match):
            return http
    return None


def _authority(http: HTTPRoute) -> str:
    if http.rewrite is not None and http.rewrite.authority:
        return http.rewrite.authority
    return http.route[0].destination.host if http.route else ""


def _set_headers(http: HTTPRoute) -> Iterable[tuple[str, str]]:
    """Request headers that the route and its first destination set or add."""
    sources: list[Mapping[str, Any] | None] = [http.headers]
    sources += [destination.headers for destination in http.route[:1]]
    for source in sources:
        request = (source or {}).get("request") or {}
        for operation in ("set", "add"):
            yield from (request.get(operation) or {}).items()
