import pytest

from kfsim.api.core import (
    Container,
    ContainerPort,
    GRPCAction,
    HTTPGetAction,
    Pod,
    PodSpec,
    Probe,
    TCPSocketAction,
)
from kfsim.replicas.serving import (
    has_queue_proxy,
    readiness_probe,
    real_containers,
    serving_container,
    serving_port,
    with_port,
)

QUEUE = Container(name="queue-proxy", ports=(ContainerPort(container_port=8012),))
SIDE = Container(name="transformer")
SERVING = Container(
    name="kserve-container", ports=(ContainerPort(name="h2c", container_port=9000),)
)


def pod(*containers):
    return Pod(spec=PodSpec(containers=containers))


def test_the_queue_proxy_is_a_record_and_serves_nothing():
    made = pod(QUEUE, SIDE, SERVING)
    assert has_queue_proxy(made)
    assert [each.name for each in real_containers(made)] == ["transformer", "kserve-container"]


def test_the_container_with_a_port_serves():
    assert serving_container(pod(QUEUE, SIDE, SERVING)).name == "kserve-container"
    assert serving_port(pod(QUEUE, SIDE, SERVING)) == 9000


def test_without_any_port_the_first_container_serves_on_8080():
    assert serving_container(pod(SIDE, QUEUE)).name == "transformer"
    assert serving_port(pod(SIDE, QUEUE)) == 8080


def test_a_pod_without_containers_cannot_serve():
    with pytest.raises(ValueError, match="has no container"):
        serving_container(pod(QUEUE))


def test_a_revision_is_probed_by_tcp_when_it_names_no_probe():
    probe = readiness_probe(pod(SERVING, QUEUE), SERVING)
    assert probe.tcp_socket == TCPSocketAction(port=9000)


def test_a_plain_pod_without_a_probe_is_not_probed():
    assert readiness_probe(pod(SERVING), SERVING) is None
    assert readiness_probe(pod(SERVING, SIDE, QUEUE), SIDE) is None


@pytest.mark.parametrize(
    ("probe", "port"),
    [
        pytest.param(Probe(http_get=HTTPGetAction(path="/")), 9000, id="no port"),
        pytest.param(Probe(http_get=HTTPGetAction(port=0)), 9000, id="port 0"),
        pytest.param(Probe(http_get=HTTPGetAction(port="h2c")), 9000, id="a name"),
        pytest.param(Probe(http_get=HTTPGetAction(port="other")), 9000, id="an unknown name"),
        pytest.param(Probe(http_get=HTTPGetAction(port="81")), 81, id="digits"),
        pytest.param(Probe(http_get=HTTPGetAction(port=81)), 81, id="a number"),
    ],
)
def test_an_http_probes_port_becomes_a_number(probe, port):
    made = readiness_probe(pod(SERVING, QUEUE), SERVING.replaced(readiness_probe=probe))
    assert made.http_get.port == port


def test_grpc_probes_name_their_own_port_and_an_empty_probe_is_tcp():
    grpc = Probe(grpc=GRPCAction(port=5))
    assert with_port(SERVING, grpc, default=1) is grpc
    assert with_port(SERVING, Probe(), default=1).tcp_socket.port == 1
