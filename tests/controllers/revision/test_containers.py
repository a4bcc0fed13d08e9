"""Containers as a revision's Pods run them."""

from kfsim.api.core import Container, ContainerPort, HTTPGetAction, Probe, TCPSocketAction
from kfsim.api.knative.serving import Revision, RevisionSpec
from kfsim.controllers.revision.containers import make_containers, user_port


def _revision(*containers: Container) -> Revision:
    return Revision(spec=RevisionSpec(containers=containers))


def test_without_a_port_it_is_8080() -> None:
    revision = _revision(Container(name="c", readiness_probe=Probe(tcp_socket=TCPSocketAction())))
    assert user_port(revision) == 8080
    serving, queue = make_containers(revision, queue_image="q")
    assert [(port.name, port.container_port) for port in serving.ports] == [("user-port", 8080)]
    assert serving.readiness_probe is not None
    assert serving.readiness_probe.tcp_socket == TCPSocketAction(port=8080)
    assert queue.readiness_probe is not None
    assert queue.readiness_probe.http_get is not None
    assert queue.readiness_probe.http_get.port == 8012
    assert queue.image == "q"


def test_only_the_container_with_a_port_serves() -> None:
    revision = _revision(
        Container(name="side"),
        Container(
            name="main",
            ports=(ContainerPort(container_port=9000),),
            liveness_probe=Probe(http_get=HTTPGetAction(path="/live", port=9001)),
        ),
    )
    side, main, _ = make_containers(revision, queue_image="q")
    assert [each.name for each in side.env] == ["K_REVISION", "K_CONFIGURATION", "K_SERVICE"]
    assert main.env[0].name == "PORT"
    assert main.env[0].value == "9000"
    assert main.liveness_probe is not None
    assert main.liveness_probe.http_get is not None
    assert main.liveness_probe.http_get.port == 9001


def test_h2c_has_a_port_of_its_own() -> None:
    revision = _revision(Container(ports=(ContainerPort(name="h2c", container_port=1),)))
    queue = make_containers(revision, queue_image="q")[-1]
    assert ("queue-port", 8013) in [(each.name, each.container_port) for each in queue.ports]
