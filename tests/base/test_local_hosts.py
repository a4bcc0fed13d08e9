import pytest

from kfsim.base.local_hosts import expanded_local_hosts, parse_local_host
from kfsim.base.types import ServiceName


def test_local_hosts_are_known_in_three_forms() -> None:
    assert expanded_local_hosts("iris", "ns") == (
        "iris.ns",
        "iris.ns.svc",
        "iris.ns.svc.cluster.local",
    )


@pytest.mark.parametrize(
    "host", [*expanded_local_hosts("iris", "ns"), "Iris.NS", "iris.ns.svc.cluster.local."]
)
def test_a_local_host_names_its_service(host: str) -> None:
    assert parse_local_host(host) == ServiceName(namespace="ns", name="iris")


@pytest.mark.parametrize(
    "host",
    ["", "iris", "iris.ns.", "iris.ns.svc.", "iris.ns.cluster.local", "a.b.c", "-a.ns", "a_b.ns"],
)
def test_other_hosts_name_no_service(host: str) -> None:
    assert parse_local_host(host) is None
