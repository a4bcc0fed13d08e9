"""Hosts of Ingresses and VirtualServices."""

import pytest

from kfsim.api.istio import (
    Destination,
    HTTPMatchRequest,
    HTTPRewrite,
    HTTPRoute,
    HTTPRouteDestination,
    StringMatch,
    VirtualService,
    VirtualServiceSpec,
)
from kfsim.api.knative import keys
from kfsim.api.knative.internal import (
    Ingress,
    IngressBackendSplit,
    IngressPath,
    IngressRule,
    IngressRuleValue,
    IngressSpec,
)
from kfsim.api.meta import ObjectMeta
from kfsim.base.types import HostRoute, RevisionKey, WeightedRevision
from kfsim.controllers.routing.hosts import (
    default_route,
    host_key,
    ingress_hosts,
    rewrite_of,
    service_name,
)

TARGET = "iris-predictor.default.svc.cluster.local"
HEADERS = {"request": {"set": {"KServe-Isvc-Name": "iris"}}}


@pytest.mark.parametrize(
    ("host", "key"),
    [
        pytest.param("iris.default.localhost", "iris.default", id="external"),
        pytest.param("Iris.Default.svc.cluster.local:80", "iris.default", id="local-with-port"),
        pytest.param("iris.default", "iris.default", id="short"),
        pytest.param("localhost", "", id="one-label"),
    ],
)
def test_keys(host: str, key: str) -> None:
    assert host_key(host) == key


def _rule(visibility: str, *hosts: str) -> IngressRule:
    split = IngressBackendSplit(service_namespace="default", service_name="iris-1", percent=100)
    paths = (IngressPath(splits=(split,)),)
    return IngressRule(hosts=hosts, visibility=visibility, http=IngressRuleValue(paths=paths))


@pytest.mark.parametrize(
    ("plain", "tagged", "key", "tagged_key"),
    [
        pytest.param(
            "iris.default.localhost",
            "prev-iris.default.localhost",
            "iris.default",
            "prev-iris.default",
            id="default templates",
        ),
        pytest.param(
            "iris-default.example.com",
            "prev-iris-default.example.com",
            "iris-default.example",
            "prev-iris-default.example",
            id="domain-template",
        ),
    ],
)
def test_an_ingress_has_a_route_per_tag(plain: str, tagged: str, key: str, tagged_key: str) -> None:
    ingress = Ingress(
        metadata=ObjectMeta(name="iris", namespace="default", labels={keys.SERVICE: "iris"}),
        spec=IngressSpec(
            rules=(
                _rule("ClusterLocal", "iris.default", "iris.default.svc"),
                _rule("ExternalIP", plain),
                _rule("ClusterLocal", "prev-iris.default"),
                _rule("ExternalIP", tagged),
            )
        ),
    )
    hosts = ingress_hosts(ingress)
    assert {key: route.tag for key, route in hosts.items()} == {
        "iris.default": "",
        key: "",
        "prev-iris.default": "prev",
        tagged_key: "prev",
    }
    route = default_route(ingress, hosts)
    assert route is not None
    assert route.split == (WeightedRevision(RevisionKey("default", "iris-1"), 100),)
    assert service_name(ingress) == "iris"


def _virtual_service(*http: HTTPRoute) -> VirtualService:
    hosts = ("iris.default.svc.cluster.local", "iris.default.localhost")
    return VirtualService(spec=VirtualServiceSpec(hosts=hosts, http=http))


def _to(host: str, **changes: object) -> HTTPRoute:
    destination = HTTPRouteDestination(destination=Destination(host=host))
    return HTTPRoute(route=(destination,)).replaced(**changes)


@pytest.mark.parametrize(
    "http",
    [
        pytest.param(
            _to("gateway.istio", rewrite=HTTPRewrite(authority=TARGET), headers=HEADERS),
            id="authority",
        ),
        pytest.param(
            _to(
                "gateway.istio",
                headers={"request": {"set": {"Host": TARGET, "KServe-Isvc-Name": "iris"}}},
            ),
            id="host-header",
        ),
        pytest.param(_to(TARGET, headers=HEADERS), id="destination"),
    ],
)
def test_a_rewrite_names_its_target_in_any_form(http: HTTPRoute) -> None:
    rewrite = rewrite_of(_virtual_service(http))
    assert rewrite is not None
    assert rewrite.target == "iris-predictor.default"
    assert rewrite.hosts == ("iris.default",)
    assert rewrite.append_headers == (("KServe-Isvc-Name", "iris"),)
    split = (WeightedRevision(RevisionKey("default", "r"), 100),)
    route = rewrite.route("default", "iris", HostRoute("default", "iris-predictor", split))
    assert route == HostRoute("default", "iris", split, (("KServe-Isvc-Name", "iris"),))


def test_paths_of_their_own_are_passed_over() -> None:
    explain = _to("explainer.default", match=(HTTPMatchRequest(uri=StringMatch(regex="x")),))
    rewrite = rewrite_of(_virtual_service(explain, _to(TARGET)))
    assert rewrite is not None
    assert rewrite.target == "iris-predictor.default"
    assert rewrite_of(_virtual_service(explain)) is None
