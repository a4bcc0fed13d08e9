"""A Route's children."""

from kfsim.api.config.domain import DomainConfig
from kfsim.api.config.network import NetworkConfig
from kfsim.api.knative import keys
from kfsim.api.knative.serving import Route
from kfsim.api.meta import ObjectMeta
from kfsim.base.types import AppProtocol
from kfsim.controllers.route.resources import (
    LOCAL_GATEWAY,
    Visibility,
    host_of,
    make_ingress,
    make_placeholder,
    with_gateway,
)
from kfsim.traffic import HostNames, Resolution, RevisionTarget

NAMES = HostNames(DomainConfig.parse({}, default="localhost"), NetworkConfig())
ROUTE = Route(
    metadata=ObjectMeta(
        name="iris",
        namespace="ns",
        labels={keys.VISIBILITY: keys.CLUSTER_LOCAL},
        annotations={keys.LAST_APPLIED: "{}", "note": "n"},
    )
)


def test_hosts_by_visibility() -> None:
    external = host_of(ROUTE, "prev", visibility=Visibility.EXTERNAL, names=NAMES)
    local = host_of(ROUTE, "", visibility=Visibility.CLUSTER_LOCAL, names=NAMES)
    assert external == "prev-iris.ns.localhost"
    assert local == "iris.ns.svc.cluster.local"


def test_a_share_of_nothing_is_left_out_of_the_ingress() -> None:
    targets = (
        RevisionTarget("r1", 100, latest_revision=False, protocol=AppProtocol.H2C),
        RevisionTarget("r2", 0, latest_revision=True),
    )
    resolution = Resolution(by_tag={"": targets})
    ingress = make_ingress(ROUTE, resolution, {"": Visibility.EXTERNAL}, names=NAMES)
    assert [rule.visibility for rule in ingress.spec.rules] == ["ClusterLocal", "ExternalIP"]
    (split,) = ingress.spec.rules[0].http.paths[0].splits
    assert (split.service_name, split.service_port) == ("r1", 81)
    assert keys.LAST_APPLIED not in ingress.metadata.annotations
    assert ingress.metadata.labels[keys.ROUTE] == "iris"


def test_a_placeholder_carries_no_visibility_of_its_own() -> None:
    placeholder = make_placeholder(ROUTE, "prev-iris", host="h")
    assert placeholder.metadata.name == "prev-iris"
    assert placeholder.metadata.labels == {keys.ROUTE: "iris"}
    assert placeholder.spec.external_name == "h"
    assert with_gateway(placeholder).spec.external_name == LOCAL_GATEWAY
