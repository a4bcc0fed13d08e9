"""What containers are told, by how they reach this host."""

import pytest

from kfsim.backends.names.reach import ByGateway, ByHostName, Reach
from kfsim.backends.names.texts import Mention
from kfsim.base.types import ServiceName
from kfsim.replicas.addresses import Address

SHORT = Mention("iris.default", ServiceName("default", "iris"))
FULL = Mention("iris.default.svc.cluster.local", ServiceName("default", "iris"))
GATEWAY = "172.30.0.1"


class Ports:
    def resolve(self, service: ServiceName) -> Address:
        assert service == SHORT.service
        return Address("127.0.0.1", 32001)


@pytest.mark.parametrize(
    ("reach", "written", "dns", "entries"),
    [
        (ByGateway(GATEWAY), None, (GATEWAY,), ()),
        (
            ByGateway(GATEWAY, resolves=False),
            None,
            (),
            (f"iris.default:{GATEWAY}", f"iris.default.svc.cluster.local:{GATEWAY}"),
        ),
        (ByGateway(GATEWAY, http_port=8080), "iris.default:8080", (GATEWAY,), ()),
        (
            ByGateway(GATEWAY, http_port=8080, resolves=False),
            "iris.default:8080",
            (),
            (f"iris.default:{GATEWAY}", f"iris.default.svc.cluster.local:{GATEWAY}"),
        ),
        (
            ByHostName(Ports()),
            "host.docker.internal:32001",
            (),
            ("host.docker.internal:host-gateway",),
        ),
    ],
    ids=["all ports", "no name service", "other port", "neither", "Docker Desktop"],
)
def test_what_containers_are_told(
    reach: Reach, written: str | None, dns: tuple[str, ...], entries: tuple[str, ...]
) -> None:
    assert reach.write(SHORT) == written
    assert reach.dns == dns
    assert reach.extra_hosts([SHORT, FULL, SHORT]) == entries
    assert reach.extra_hosts([]) == ()
