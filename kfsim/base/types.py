"""Plain values shared by packages that must not import each other.

A `RoutingTable` is everything the data plane knows: it is built by controllers from Ingress,
VirtualService, ServerlessService and Endpoints objects, is immutable, and is swapped whole. A
`Stat` is what one reporter (a replica's queue-proxy, or the activator) saw during one interval.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple


class RevisionKey(NamedTuple):
    """Namespace and name of a Revision."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class ReplicaKey(NamedTuple):
    """Namespace and name of the Pod that records a replica."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class ServiceName(NamedTuple):
    """Namespace and name of a cluster-local Service that takes requests."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class ServiceMode(StrEnum):
    """A ServerlessService's mode: Proxy puts the activator into the request path."""

    PROXY = "Proxy"
    SERVE = "Serve"


class AppProtocol(StrEnum):
    """What a replica speaks on its serving port."""

    HTTP1 = "http1"
    H2C = "h2c"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A ready replica's serving address, and what is spoken there."""

    replica: ReplicaKey
    host: str
    port: int
    protocol: AppProtocol = AppProtocol.HTTP1


@dataclass(frozen=True, slots=True)
class RevisionTarget:
    """What the data plane needs to serve one revision. Durations in seconds, 0 = unlimited.

    container_concurrency 0 means unlimited (no breaker). `endpoints` are the ready replicas only,
    in a stable order.
    """

    revision: RevisionKey
    mode: ServiceMode
    endpoints: tuple[Endpoint, ...] = ()
    container_concurrency: int = 0
    timeout: float = 300.0
    response_start_timeout: float = 300.0
    idle_timeout: float = 0.0
    configuration: str = ""
    service: str = ""


@dataclass(frozen=True, slots=True)
class WeightedRevision:
    """A share of a route's traffic; the percents of one route add up to 100."""

    revision: RevisionKey
    percent: int


@dataclass(frozen=True, slots=True)
class HostRoute:
    """Where requests for one host go. `namespace` and `name` are the InferenceService's or
    Knative Service's own; `append_headers` are set on the forwarded request."""

    namespace: str
    name: str
    split: tuple[WeightedRevision, ...]
    append_headers: tuple[tuple[str, str], ...] = ()
    tag: str = ""


def _no_hosts() -> Mapping[str, HostRoute]:
    return MappingProxyType({})


def _no_services() -> Mapping[tuple[str, str], HostRoute]:
    return MappingProxyType({})


def _no_revisions() -> Mapping[RevisionKey, RevisionTarget]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class RoutingTable:
    """One consistent picture of all routes; `epoch` grows by one with every publication.

    `hosts` is keyed by the host's first two labels, `NAME.NAMESPACE`, in lower case (the domain
    after them is free) and also holds tag hosts, `TAG-NAME.NAMESPACE`. `services` is keyed by
    (namespace, name) for the path form `/serving/NAMESPACE/NAME/…`, and holds only those whose path
    does not lead where the host `NAME.NAMESPACE` does. Entries that did not change
    between two tables are the same objects, so a receiver may compare by identity.
    """

    epoch: int = 0
    hosts: Mapping[str, HostRoute] = field(default_factory=_no_hosts)
    services: Mapping[tuple[str, str], HostRoute] = field(default_factory=_no_services)
    revisions: Mapping[RevisionKey, RevisionTarget] = field(default_factory=_no_revisions)

    def routes(self) -> Iterator[tuple[str, HostRoute]]:
        """All of them: by host, then by NAMESPACE/NAME."""
        yield from self.hosts.items()
        for (namespace, name), route in self.services.items():
            yield f"{namespace}/{name}", route


@dataclass(frozen=True, slots=True)
class Stat:
    """One reporter's averages and counts since its last report (Knative's metrics.Stat).

    A proxied request also counts in `request_count` and in the average; the collector subtracts.
    """

    revision: RevisionKey
    reporter: str
    average_concurrent_requests: float
    average_proxied_concurrent_requests: float = 0.0
    request_count: float = 0.0
    proxied_request_count: float = 0.0
