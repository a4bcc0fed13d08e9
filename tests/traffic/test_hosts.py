"""Host names and URLs of routes and tags."""

import pytest

from kfsim.api.config.domain import DomainConfig
from kfsim.api.config.network import NetworkConfig
from kfsim.api.meta import ObjectMeta
from kfsim.base.types import ServiceName
from kfsim.traffic import (
    HostNames,
    cluster_local_host,
    expanded_local_hosts,
    parse_local_host,
    url_of,
)

DOMAINS = DomainConfig.parse({"prod.org": "selector: {env: prod}"}, default="localhost")
ROUTE = ObjectMeta(name="iris", namespace="ns", labels={"env": "prod", "team": "blue"})


def test_hosts_of_a_tag() -> None:
    names = HostNames(DOMAINS, NetworkConfig())
    plain = ObjectMeta(name="iris", namespace="default")
    assert names.external_host(plain, "prev") == "prev-iris.default.localhost"
    name = names.tagged_name("iris", "prev")
    assert cluster_local_host(name, "default") == "prev-iris.default.svc.cluster.local"
    assert names.tagged_name("iris", "") == "iris"


@pytest.mark.parametrize(
    ("network", "host"),
    [
        ({}, "prev-iris.ns.prod.org"),
        ({"tag-template": "{{.Name}}-{{.Tag}}"}, "iris-prev.ns.prod.org"),
        ({"domain-template": "{{.Name}}-{{.Namespace}}.{{.Domain}}"}, "prev-iris-ns.prod.org"),
        (
            {"domain-template": '{{.Name}}.{{index .Labels "team"}}.{{.Domain}}'},
            "prev-iris.blue.prod.org",
        ),
    ],
)
def test_hosts_follow_the_templates_and_the_labels_domain(
    network: dict[str, str], host: str
) -> None:
    names = HostNames(DOMAINS, NetworkConfig.parse(network))
    assert names.external_host(ROUTE, "prev") == host


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
