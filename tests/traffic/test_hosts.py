"""Host names and URLs of routes and tags."""

import pytest

from kfsim.api.config.domain import DomainConfig
from kfsim.api.config.network import NetworkConfig
from kfsim.api.meta import ObjectMeta
from kfsim.base.local_hosts import cluster_local_host
from kfsim.traffic import HostNames, url_of

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


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        pytest.param(80, "http://a.b", id="default-port"),
        pytest.param(8080, "http://a.b:8080", id="other-port"),
    ],
)
def test_urls_name_the_port_unless_it_is_80(port: int, expected: str) -> None:
    assert url_of("a.b", port) == expected
