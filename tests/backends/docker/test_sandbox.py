"""Where a Pod's ports are reached."""

import pytest

from kfsim.api.core import Container, ContainerPort
from kfsim.backends.docker.containers import ContainerRun, Stage
from kfsim.backends.docker.sandbox import (
    find_port,
    inspected_ports,
    lost_sandbox,
    make_sandbox,
    pod_ports,
)
from kfsim.replicas.addresses import Address
from tests.backends.support import make_spec

SPEC = make_spec(
    Container(name="a", ports=(ContainerPort(container_port=8080, name="http"),)),
    Container(name="b", ports=(ContainerPort(container_port=9090, name="metrics"),)),
)
NETWORKS = {"kfsim-demo": {"IPAddress": "172.20.0.2"}}


def make_run() -> ContainerRun:
    return ContainerRun(SPEC.pod.spec.containers[0], is_init=False)


async def test_a_pod_is_reached_at_its_owners_address_on_any_port() -> None:
    sandbox = make_sandbox(make_run().begin(), NETWORKS, None)
    assert sandbox.reach(8080) == Address("172.20.0.2", 8080)
    assert sandbox.reach(1234) == Address("172.20.0.2", 1234)
    assert make_sandbox(make_run().begin(), {}, None).reach(8080) is None


async def test_a_published_pod_is_reached_on_its_declared_ports() -> None:
    ports = inspected_ports(
        {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "49153"}], "9090/tcp": None}
    )
    sandbox = make_sandbox(make_run().begin(), NETWORKS, ports)
    assert sandbox.reach(8080) == Address("127.0.0.1", 49153)
    assert sandbox.reach(9090) is None


async def test_a_sandbox_lives_as_long_as_its_owner() -> None:
    attempt = make_run().begin()
    sandbox = make_sandbox(attempt, NETWORKS, None)
    assert not sandbox.alive
    attempt.stage = Stage.RUNNING
    assert sandbox.alive
    attempt.stage = Stage.ENDED
    assert not sandbox.alive


@pytest.mark.parametrize(
    ("port", "number"),
    [
        pytest.param(None, 8080, id="serving"),
        pytest.param(9090, 9090, id="number"),
        pytest.param("9090", 9090, id="digits"),
        pytest.param("metrics", 9090, id="name-of-another-container"),
        pytest.param("none", None, id="unknown-name"),
    ],
)
def test_ports_are_found_by_number_or_name(port: int | str | None, number: int | None) -> None:
    assert find_port(SPEC, port) == number


def test_all_ports_of_a_pod_are_published_once() -> None:
    assert pod_ports(SPEC.pod, serving_port=8080) == (8080, 9090)
    assert pod_ports(SPEC.pod, serving_port=80) == (80, 8080, 9090)


@pytest.mark.parametrize(
    ("message", "lost"),
    [
        ("cannot join network of a non running container: 4f5e", True),
        ("cannot join IPC of a non running container", True),
        ("joining network namespace of container: No such container: 4f5e", True),
        ("namespace path: lstat /proc/31377/ns/ipc: no such file or directory", True),
        ('exec: "x": executable file not found in $PATH', False),
    ],
)
def test_a_start_that_found_the_namespace_cut_off_is_told_from_others(
    message: str, lost: bool
) -> None:
    assert lost_sandbox(message) is lost
