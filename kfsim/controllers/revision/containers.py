"""A revision's containers as its Pods run them (knative pkg/reconciler/revision/resources).

The serving container learns its port and names from the environment. The queue-proxy is a record:
its work is done by the gateway. Therefore the serving container keeps its readiness probe, which
on a cluster moves into the queue-proxy; ports are filled in here.
"""

from kfsim.api.core import (
    Container,
    ContainerPort,
    EnvVar,
    HTTPGetAction,
    HTTPHeader,
    IntOrString,
    Probe,
    ResourceRequirements,
)
from kfsim.api.knative import keys
from kfsim.api.knative.serving import Revision
from kfsim.base.types import AppProtocol
from kfsim.traffic import protocol_of

QUEUE_PROXY = "queue-proxy"
USER_PORT = "user-port"
_DEFAULT_PORT = 8080
_QUEUE_HTTP_PORT, _QUEUE_H2C_PORT, _QUEUE_HTTPS_PORT = 8012, 8013, 8112
_AUTOSCALING_METRICS_PORT, _USER_METRICS_PORT = 9090, 9091


def user_port(revision: Revision) -> int:
    """The port that requests go to."""
    for container in revision.spec.containers:
        if container.ports:
            return container.ports[0].container_port or _DEFAULT_PORT
    return _DEFAULT_PORT


def make_containers(revision: Revision, *, queue_image: str) -> tuple[Container, ...]:
    """The revision's containers, and the queue-proxy last."""
    containers = revision.spec.containers
    port = user_port(revision)
    serving = next((each for each in containers if each.ports or len(containers) == 1), Container())
    made = tuple(
        _make_serving_container(each, revision, port)
        if each is serving
        else _make_container(each, revision)
        for each in containers
    )
    return (*made, _make_queue_proxy(revision, serving, image=queue_image, port=port))


def _make_container(container: Container, revision: Revision) -> Container:
    labels = revision.metadata.labels
    names = (
        EnvVar(name="K_REVISION", value=revision.metadata.name),
        EnvVar(name="K_CONFIGURATION", value=labels.get(keys.CONFIGURATION, "")),
        EnvVar(name="K_SERVICE", value=labels.get(keys.SERVICE, "")),
    )
    return container.replaced(
        env=(*container.env, *names),
        stdin=None,
        tty=None,
        termination_message_policy=container.termination_message_policy or "FallbackToLogsOnError",
    )


def _make_serving_container(container: Container, revision: Revision, port: int) -> Container:
    made = _make_container(
        container.replaced(env=(*container.env, EnvVar(name="PORT", value=str(port)))), revision
    )
    return made.replaced(
        ports=(ContainerPort(name=USER_PORT, container_port=port),),
        readiness_probe=_with_port(container.readiness_probe, port),
        liveness_probe=_with_port(container.liveness_probe, port),
        startup_probe=_with_port(container.startup_probe, port),
    )


def _with_port(probe: Probe | None, port: int) -> Probe | None:
    """A probe without a port, or with a port's name, asks the serving port."""
    if probe is None:
        return None
    changes: dict[str, object] = {}
    if probe.http_get is not None and not _is_number(probe.http_get.port):
        changes["http_get"] = probe.http_get.replaced(port=port)
    if probe.tcp_socket is not None and not _is_number(probe.tcp_socket.port):
        changes["tcp_socket"] = probe.tcp_socket.replaced(port=port)
    if probe.grpc is not None and not probe.grpc.port:
        changes["grpc"] = probe.grpc.replaced(port=port)
    return probe.replaced(**changes) if changes else probe


def _is_number(port: IntOrString | None) -> bool:
    return port not in (None, 0) and str(port).isdigit()


def _make_queue_proxy(
    revision: Revision, serving: Container, *, image: str, port: int
) -> Container:
    spec, metadata = revision.spec, revision.metadata
    h2c = protocol_of(revision) is AppProtocol.H2C
    queue_port = _QUEUE_H2C_PORT if h2c else _QUEUE_HTTP_PORT
    environment = {
        "SERVING_NAMESPACE": metadata.namespace,
        "SERVING_SERVICE": metadata.labels.get(keys.SERVICE, ""),
        "SERVING_CONFIGURATION": metadata.labels.get(keys.CONFIGURATION, ""),
        "SERVING_REVISION": metadata.name,
        "QUEUE_SERVING_PORT": str(queue_port),
        "QUEUE_SERVING_TLS_PORT": str(_QUEUE_HTTPS_PORT),
        "CONTAINER_CONCURRENCY": str(spec.container_concurrency or 0),
        "REVISION_TIMEOUT_SECONDS": str(spec.timeout_seconds or 0),
        "REVISION_RESPONSE_START_TIMEOUT_SECONDS": str(spec.response_start_timeout_seconds or 0),
        "REVISION_IDLE_TIMEOUT_SECONDS": str(spec.idle_timeout_seconds or 0),
        "USER_PORT": str(port),
    }
    return Container(
        name=QUEUE_PROXY,
        image=image,
        resources=ResourceRequirements(requests={"cpu": "25m"}),
        ports=(
            ContainerPort(name="http-autometric", container_port=_AUTOSCALING_METRICS_PORT),
            ContainerPort(name="http-usermetric", container_port=_USER_METRICS_PORT),
            ContainerPort(name="queue-port", container_port=queue_port),
            ContainerPort(name="https-port", container_port=_QUEUE_HTTPS_PORT),
        ),
        readiness_probe=_queue_readiness(serving.readiness_probe, queue_port),
        env=tuple(EnvVar(name=name, value=value) for name, value in environment.items()),
    )


def _queue_readiness(probe: Probe | None, port: int) -> Probe | None:
    """The serving container's timing, asked of the queue-proxy."""
    if probe is None:
        return None
    return probe.replaced(
        exec=None,
        tcp_socket=None,
        grpc=None,
        http_get=HTTPGetAction(
            port=port, http_headers=(HTTPHeader(name="K-Network-Probe", value="queue"),)
        ),
    )
