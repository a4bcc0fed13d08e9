"""Host names and URLs of routes and tags."""

import pytest

from kfsim.base.types import ServiceName
from kfsim.traffic import (
    cluster_local_host,
    expanded_local_hosts,
    external_host,
    parse_local_host,
    tagged_name,
    url_of,
)


def test_hosts_of_a_tag() -> None:
    name = tagged_name("iris", "prev")
    assert external_host(name, "default", "localhost") == "prev-iris.default.localhost"
    assert cluster_local_host(name, "default") == "prev-iris.default.svc.cluster.local"
    assert tagged_name("iris", "") == "iris"


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


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        pytest.param(80, "http://a.b", id="default-port"),
        pytest.param(8080, "http://a.b:8080", id="other-port"),
    ],
)
def test_urls_name_the_port_unless_it_is_80(port: int, expected: str) -> None:
    assert url_of("a.b", port) == expected
