"""One revision's target: how its replicas are reached, and under which limits."""

from kfsim.api.core import Endpoints, EndpointSubset
from kfsim.api.knative import keys
from kfsim.api.knative.internal import ServerlessService
from kfsim.api.knative.serving import Revision
from kfsim.base.types import (
    AppProtocol,
    Endpoint,
    ReplicaKey,
    RevisionKey,
    RevisionTarget,
    ServiceMode,
)
from kfsim.traffic import protocol_of

_SERVING_PORTS = ("http", "http2", "queue-port", "user-port")
_DEFAULT_TIMEOUT = 300


def make_target(
    revision: Revision, serverless: ServerlessService, private: Endpoints | None
) -> RevisionTarget:
    """The target; without a ready replica the activator is in the path, whatever the mode says
    (knative pkg/reconciler/serverlessservice: no private endpoints, activator endpoints)."""
    endpoints = ready_endpoints(private, protocol_of(revision))
    serves = serverless.spec.mode == ServiceMode.SERVE and bool(endpoints)
    metadata, spec = revision.metadata, revision.spec
    return RevisionTarget(
        revision=RevisionKey(metadata.namespace, metadata.name),
        mode=ServiceMode.SERVE if serves else ServiceMode.PROXY,
        endpoints=endpoints,
        container_concurrency=spec.container_concurrency or 0,
        timeout=float(spec.timeout_seconds or _DEFAULT_TIMEOUT),
        response_start_timeout=float(spec.response_start_timeout_seconds or 0),
        idle_timeout=float(spec.idle_timeout_seconds or 0),
        configuration=metadata.labels.get(keys.CONFIGURATION, ""),
        service=metadata.labels.get(keys.SERVICE, ""),
    )


def ready_endpoints(
    private: Endpoints | None, protocol: AppProtocol = AppProtocol.HTTP1
) -> tuple[Endpoint, ...]:
    """Ready replicas in the order of their Pods' names."""
    if private is None:
        return ()
    found = [
        endpoint
        for subset in private.subsets
        for endpoint in _of_subset(subset, private.metadata.namespace, protocol)
    ]
    return tuple(sorted(found, key=lambda endpoint: (endpoint.replica, endpoint.port)))


def _of_subset(subset: EndpointSubset, namespace: str, protocol: AppProtocol) -> list[Endpoint]:
    if not subset.ports:
        return []
    port = next((each for each in subset.ports if each.name in _SERVING_PORTS), subset.ports[0])
    return [
        Endpoint(
            replica=ReplicaKey(namespace, address.target_ref.name),
            host=address.ip,
            port=port.port,
            protocol=protocol,
        )
        for address in subset.addresses
        if address.target_ref is not None and address.target_ref.name
    ]
