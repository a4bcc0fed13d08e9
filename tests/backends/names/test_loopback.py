"""Processes are told loopback ports, opened only for Services that they name."""

from kfsim.api.core import Container, EnvVar
from kfsim.backends.names.loopback import LoopbackNames
from kfsim.base.types import ServiceName
from kfsim.replicas.addresses import Address


class Directory:
    def knows(self, service: ServiceName) -> bool:
        return service == ServiceName("team", "other")


class Ports:
    def __init__(self) -> None:
        self.opened: list[ServiceName] = []

    def resolve(self, service: ServiceName) -> Address:
        if service not in self.opened:
            self.opened.append(service)
        return Address("127.0.0.1", 32000 + self.opened.index(service))


def test_names_become_loopback_ports() -> None:
    ports = Ports()
    container = Container(
        args=("--predictor_host", "iris-predictor.default", "http://ghost.default/"),
        env=(EnvVar(name="OTHER_URL", value="http://other.team/v1"),),
    )
    changed = LoopbackNames(ports, Directory()).rewrite(container, "default")
    assert changed.args == ("--predictor_host", "127.0.0.1:32000", "http://ghost.default/")
    assert changed.env[0].value == "http://127.0.0.1:32001/v1"
    assert ports.opened == [
        ServiceName("default", "iris-predictor"),
        ServiceName("team", "other"),
    ]
