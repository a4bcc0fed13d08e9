import pytest

from kfsim.api.core import Pod
from kfsim.api.knative.internal import ServerlessService, ServerlessServiceSpec
from kfsim.api.meta import ObjectMeta
from kfsim.controllers.serverlessservice.resources import (
    PRIVATE,
    PUBLIC,
    ReadyPod,
    make_activator_subset,
    make_endpoints,
    make_pod_subsets,
    make_private_service,
    make_public_service,
)
from kfsim.replicas.addresses import Address


def make_sks(protocol="http1"):
    return ServerlessService(
        metadata=ObjectMeta(name="iris-00001", namespace="default", uid="u", labels={"app": "i"}),
        spec=ServerlessServiceSpec(mode="Serve", protocol_type=protocol),
    )


def ports(service):
    return [(each.name, each.port, each.target_port) for each in service.spec.ports]


def test_the_public_service_has_the_revisions_name_and_no_selector():
    service = make_public_service(make_sks())
    assert service.metadata.name == "iris-00001"
    assert service.spec.selector == {}
    assert ports(service) == [("http", 80, 8012), ("https", 443, 8112)]
    assert service.metadata.labels == {
        "app": "i",
        "networking.internal.knative.dev/serverlessservice": "iris-00001",
        "networking.internal.knative.dev/serviceType": "Public",
    }
    assert service.metadata.owner_references[0].uid == "u"


def test_the_private_service_selects_the_pods():
    service = make_private_service(make_sks(), {"a": "b"})
    assert service.metadata.name == "iris-00001-private"
    assert service.spec.selector == {"a": "b"}
    assert ports(service) == [
        ("http", 80, 8012),
        ("https", 443, 8112),
        ("http-autometric", 9090, "http-autometric"),
        ("http-usermetric", 9091, "http-usermetric"),
        ("http-istio", 8012, 8012),
    ]


def test_h2c_has_ports_of_its_own():
    service = make_public_service(make_sks("h2c"))
    assert ports(service)[0] == ("http2", 81, 8013)
    assert service.spec.ports[0].app_protocol == "kubernetes.io/h2c"


def test_each_ready_pod_is_a_subset_with_its_own_port():
    pods = [
        ReadyPod(
            Pod(metadata=ObjectMeta(name=name, namespace="default", uid=name)),
            Address("127.0.0.1", port),
        )
        for name, port in (("a", 1), ("b", 2))
    ]
    subsets = make_pod_subsets(make_sks(), pods)
    assert [
        (each.addresses[0].ip, each.ports[0].port, each.addresses[0].target_ref.name)
        for each in subsets
    ] == [("127.0.0.1", 1, "a"), ("127.0.0.1", 2, "b")]


@pytest.mark.parametrize(
    ("kind", "name"), [(PUBLIC, "iris-00001"), (PRIVATE, "iris-00001-private")]
)
def test_endpoints_are_named_as_their_service(kind, name):
    subsets = make_activator_subset(make_sks(), Address("127.0.0.1", 8080))
    endpoints = make_endpoints(make_sks(), kind, subsets)
    assert endpoints.metadata.name == name
    assert endpoints.subsets[0].ports[0].port == 8080
