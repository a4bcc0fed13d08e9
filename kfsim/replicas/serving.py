"""Which container of a Pod serves requests, and on which port.

A Knative Pod carries a `queue-proxy` container. In kfsim that is a record only: the data plane does
its work, and its readiness is that of the serving container, as on a cluster where the queue-proxy
probes the user's container (knative pkg/reconciler/revision/resources/deploy.go).
"""

from kfsim.api.core import Container, Pod, Probe, TCPSocketAction

QUEUE_PROXY = "queue-proxy"
# serving.knative.dev's default containerPort when a revision names none (pkg/networking).
DEFAULT_PORT = 8080


def has_queue_proxy(pod: Pod) -> bool:
    """Whether the Pod belongs to a Knative revision."""
    return any(container.name == QUEUE_PROXY for container in pod.spec.containers)


def real_containers(pod: Pod) -> tuple[Container, ...]:
    """The containers that run, which the queue-proxy record does not."""
    return tuple(each for each in pod.spec.containers if each.name != QUEUE_PROXY)


def serving_container(pod: Pod) -> Container:
    """The container that names a port, else the first. Raises ValueError for a Pod without any."""
    candidates = real_containers(pod)
    if not candidates:
        raise ValueError(f"Pod {pod.metadata.namespace}/{pod.metadata.name} has no container")
    return next((each for each in candidates if each.ports), candidates[0])


def serving_port(pod: Pod) -> int:
    """The containerPort that receives requests."""
    ports = serving_container(pod).ports
    return ports[0].container_port if ports else DEFAULT_PORT


def readiness_probe(pod: Pod, container: Container) -> Probe | None:
    """The container's readiness probe; a revision's serving container without one is probed by a
    TCP connection to its port, Knative's default (pkg/apis/serving/v1/revision_defaults.go)."""
    probe = container.readiness_probe
    if not has_queue_proxy(pod) or container.name != serving_container(pod).name:
        return None if probe is None else with_port(container, probe, default=DEFAULT_PORT)
    if probe is None:
        probe = Probe(tcp_socket=TCPSocketAction(), success_threshold=1)
    return with_port(container, probe, default=serving_port(pod))


def with_port(container: Container, probe: Probe, *, default: int) -> Probe:
    """The probe with its port as a number: names are looked up, a missing one or 0 is `default`."""
    if probe.http_get is not None:
        port = _port_number(container, probe.http_get.port, default)
        return probe.replaced(http_get=probe.http_get.replaced(port=port))
    if probe.tcp_socket is not None:
        port = _port_number(container, probe.tcp_socket.port, default)
        return probe.replaced(tcp_socket=probe.tcp_socket.replaced(port=port))
    if probe.grpc is None and probe.exec is None:
        return probe.replaced(tcp_socket=TCPSocketAction(port=default))
    return probe


def _port_number(container: Container, port: int | str | None, default: int) -> int:
    if not port:
        return default
    if isinstance(port, int) or port.isdigit():
        return int(port) or default
    named = (each.container_port for each in container.ports if each.name == port)
    return next(named, default)
