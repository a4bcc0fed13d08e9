"""Names on a network: what is opened, what is made up for, and what is said about it once."""

import logging
from ipaddress import IPv4Network

import pytest

from kfsim.api.core import Container
from kfsim.backends.names.network import NetworkNames
from kfsim.base.errors import Unavailable
from kfsim.base.types import ServiceName
from kfsim.dataplane.bridge import BridgePorts, ForeignAddress
from kfsim.replicas.addresses import Address
from tests.backends.support import make_spec

GATEWAY, SUBNET = "172.30.0.1", "172.30.0.0/16"
NAMED = Container(name="t", args=("--predictor_host", "iris-predictor.default"))


class Directory:
    def knows(self, service: ServiceName) -> bool:
        return False


class Ports:
    def resolve(self, service: ServiceName) -> Address:
        return Address("127.0.0.1", 32001)


class ScriptedBridge:
    """Stands for the data plane's: opens what it is told to."""

    def __init__(self, result: BridgePorts | Exception) -> None:
        self.result = result
        self.opened: list[tuple[str, IPv4Network]] = []
        self.closed = False

    async def open(self, address: str, subnet: IPv4Network) -> BridgePorts:
        self.opened.append((address, subnet))
        if isinstance(self.result, Exception):
            raise self.result
        return self.result

    async def close(self) -> None:
        self.closed = True


def make_names(result: BridgePorts | Exception) -> tuple[NetworkNames, ScriptedBridge]:
    bridge = ScriptedBridge(result)
    return NetworkNames(bridge, Ports(), Directory()), bridge


@pytest.mark.parametrize(
    ("result", "dns", "host", "entries", "words"),
    [
        (BridgePorts(80, resolves=True), (GATEWAY,), "iris-predictor.default", (), ()),
        (
            BridgePorts(8080, resolves=False),
            (),
            "iris-predictor.default:8080",
            (f"iris-predictor.default:{GATEWAY}",),
            ("port 53", "port 80"),
        ),
        (
            ForeignAddress("not here"),
            (),
            "host.docker.internal:32001",
            ("host.docker.internal:host-gateway",),
            ("not here",),
        ),
    ],
    ids=["everything", "unprivileged", "Docker Desktop"],
)
async def test_what_containers_get(
    caplog: pytest.LogCaptureFixture,
    result: BridgePorts | Exception,
    dns: tuple[str, ...],
    host: str,
    entries: tuple[str, ...],
    words: tuple[str, ...],
) -> None:
    names, bridge = make_names(result)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            await names.open(GATEWAY, SUBNET)
    assert len(caplog.messages) == len(words)
    assert all(word in text for word, text in zip(words, caplog.messages, strict=True))
    assert bridge.opened[0] == (GATEWAY, IPv4Network(SUBNET))
    assert names.dns == dns
    assert names.rewrite(NAMED, "default").args == ("--predictor_host", host)
    assert names.extra_hosts(make_spec(NAMED)) == entries
    assert names.extra_hosts(make_spec(Container(name="c"), init=(NAMED,))) == entries
    assert names.extra_hosts(make_spec(Container(name="c"))) == ()
    elsewhere = names.rewrite(NAMED, "elsewhere")
    assert elsewhere is NAMED
    await names.close()
    assert bridge.closed


@pytest.mark.parametrize("subnet", ["", "fd00::/64", "172.30.0.0/99"])
async def test_a_network_without_a_usable_subnet_is_reached_by_host_name(subnet: str) -> None:
    names, bridge = make_names(BridgePorts(80, resolves=True))
    await names.open(GATEWAY, subnet)
    assert (names.dns, bridge.opened) == ((), [])
    assert names.rewrite(NAMED, "default").args[1] == "host.docker.internal:32001"


async def test_a_network_that_cannot_be_served_is_an_error() -> None:
    names, _ = make_names(Unavailable("no port"))
    with pytest.raises(Unavailable, match="no port"):
        await names.open(GATEWAY, SUBNET)
