"""Makes a revision's Services and Endpoints.

Names, labels and ports are those of knative pkg/reconciler/serverlessservice/resources/services.go
and knative.dev/networking. The addresses are real ones of this host: each ready Pod has a subset of
its own, because local replicas share an IP and differ by port.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from kfsim.api.core import (
    EndpointAddress,
    EndpointPort,
    Endpoints,
    EndpointSubset,
    ObjectReference,
    Pod,
    Service,
    ServicePort,
    ServiceSpec,
)
from kfsim.api.knative.internal import ServerlessService
from kfsim.api.meta import ObjectMeta, owner_reference
from kfsim.replicas.addresses import Address

H2C = "h2c"
_SKS_LABEL = "networking.internal.knative.dev/serverlessservice"
_TYPE_LABEL = "networking.internal.knative.dev/serviceType"
PUBLIC = "Public"
PRIVATE = "Private"
_HTTP_PORT, _H2C_PORT, _HTTPS_PORT = 80, 81, 443
_QUEUE_HTTP, _QUEUE_H2C, _QUEUE_HTTPS = 8012, 8013, 8112


@dataclass(frozen=True, slots=True)
class ReadyPod:
    """A Pod that serves, and where."""

    pod: Pod
    address: Address


def private_name(name: str) -> str:
    """The name of a revision's private Service."""
    return f"{name}-private"


def port_name(sks: ServerlessService) -> str:
    """`http2` for h2c, else `http`."""
    return "http2" if sks.spec.protocol_type == H2C else "http"


def make_public_service(sks: ServerlessService) -> Service:
    """The Service that Ingresses name; it has no selector."""
    h2c = sks.spec.protocol_type == H2C
    ports = (_serving_port(sks, _H2C_PORT if h2c else _HTTP_PORT), _https_port())
    return Service(
        metadata=_metadata(sks, sks.metadata.name, PUBLIC), spec=ServiceSpec(ports=ports)
    )


def make_private_service(sks: ServerlessService, selector: dict[str, str]) -> Service:
    """The Service of the revision's own Pods."""
    name = port_name(sks)
    queue = _queue_port(sks)
    ports = (
        _serving_port(sks, _HTTP_PORT),
        _https_port(),
        ServicePort(
            name="http-autometric", protocol="TCP", port=9090, target_port="http-autometric"
        ),
        ServicePort(
            name="http-usermetric", protocol="TCP", port=9091, target_port="http-usermetric"
        ),
        ServicePort(name=f"{name}-istio", protocol="TCP", port=queue, target_port=queue),
    )
    return Service(
        metadata=_metadata(sks, private_name(sks.metadata.name), PRIVATE),
        spec=ServiceSpec(ports=ports, selector=selector),
    )


def make_endpoints(
    sks: ServerlessService, kind: str, subsets: tuple[EndpointSubset, ...]
) -> Endpoints:
    """The Endpoints of the public or the private Service."""
    name = sks.metadata.name if kind == PUBLIC else private_name(sks.metadata.name)
    return Endpoints(metadata=_metadata(sks, name, kind), subsets=subsets)


def make_pod_subsets(
    sks: ServerlessService, ready: Sequence[ReadyPod]
) -> tuple[EndpointSubset, ...]:
    """One subset per ready Pod, in the order given."""
    return tuple(_pod_subset(sks, each) for each in ready)


def make_activator_subset(sks: ServerlessService, address: Address) -> tuple[EndpointSubset, ...]:
    """The activator's address."""
    port = EndpointPort(name=port_name(sks), port=address.port, protocol="TCP")
    return (EndpointSubset(addresses=(EndpointAddress(ip=address.host),), ports=(port,)),)


def _pod_subset(sks: ServerlessService, ready: ReadyPod) -> EndpointSubset:
    metadata = ready.pod.metadata
    reference = ObjectReference(
        kind="Pod", namespace=metadata.namespace, name=metadata.name, uid=metadata.uid
    )
    address = EndpointAddress(
        ip=ready.address.host, node_name=ready.pod.spec.node_name, target_ref=reference
    )
    port = EndpointPort(name=port_name(sks), port=ready.address.port, protocol="TCP")
    return EndpointSubset(addresses=(address,), ports=(port,))


def _queue_port(sks: ServerlessService) -> int:
    return _QUEUE_H2C if sks.spec.protocol_type == H2C else _QUEUE_HTTP


def _serving_port(sks: ServerlessService, port: int) -> ServicePort:
    h2c = sks.spec.protocol_type == H2C
    return ServicePort(
        name=port_name(sks),
        protocol="TCP",
        app_protocol="kubernetes.io/h2c" if h2c else None,
        port=port,
        target_port=_queue_port(sks),
    )


def _https_port() -> ServicePort:
    return ServicePort(name="https", protocol="TCP", port=_HTTPS_PORT, target_port=_QUEUE_HTTPS)


def _metadata(sks: ServerlessService, name: str, kind: str) -> ObjectMeta:
    return ObjectMeta(
        name=name,
        namespace=sks.metadata.namespace,
        labels={**sks.metadata.labels, _SKS_LABEL: sks.metadata.name, _TYPE_LABEL: kind},
        annotations=dict(sks.metadata.annotations),
        owner_references=(owner_reference(sks),),
    )
