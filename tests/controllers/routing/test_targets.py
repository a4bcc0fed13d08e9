"""Targets of revisions."""

import pytest

from kfsim.api.core import (
    Container,
    ContainerPort,
    EndpointAddress,
    EndpointPort,
    Endpoints,
    EndpointSubset,
    ObjectReference,
)
from kfsim.api.knative.internal import ServerlessService, ServerlessServiceSpec
from kfsim.api.knative.serving import Revision, RevisionSpec
from kfsim.api.meta import ObjectMeta
from kfsim.base.types import AppProtocol, Endpoint, ReplicaKey, ServiceMode
from kfsim.controllers.routing.targets import make_target

REVISION = Revision(
    metadata=ObjectMeta(name="r", namespace="ns"),
    spec=RevisionSpec(
        containers=(Container(ports=(ContainerPort(name="h2c", container_port=1),)),),
        container_concurrency=3,
        timeout_seconds=10,
    ),
)


def _endpoints(*pods: tuple[str, int]) -> Endpoints:
    return Endpoints(
        metadata=ObjectMeta(name="r-private", namespace="ns"),
        subsets=tuple(
            EndpointSubset(
                addresses=(EndpointAddress(ip="127.0.0.1", target_ref=ObjectReference(name=name)),),
                ports=(
                    EndpointPort(name="http-autometric", port=1),
                    EndpointPort(name="http2", port=port),
                ),
            )
            for name, port in pods
        ),
    )


def _serverless(mode: str) -> ServerlessService:
    return ServerlessService(spec=ServerlessServiceSpec(mode=mode))


def test_limits_and_protocol_come_from_the_revision() -> None:
    target = make_target(REVISION, _serverless("Serve"), _endpoints(("b", 2), ("a", 1)))
    assert (target.container_concurrency, target.timeout) == (3, 10.0)
    assert (target.response_start_timeout, target.idle_timeout) == (0.0, 0.0)
    assert target.mode is ServiceMode.SERVE
    assert target.endpoints == (
        Endpoint(ReplicaKey("ns", "a"), "127.0.0.1", 1, AppProtocol.H2C),
        Endpoint(ReplicaKey("ns", "b"), "127.0.0.1", 2, AppProtocol.H2C),
    )


@pytest.mark.parametrize(
    ("mode", "endpoints"),
    [
        pytest.param("Proxy", _endpoints(("a", 1)), id="told"),
        pytest.param("Serve", _endpoints(), id="nobody-is-ready"),
        pytest.param("Serve", None, id="no-endpoints-yet"),
    ],
)
def test_the_activator_is_in_the_path(mode: str, endpoints: Endpoints | None) -> None:
    assert make_target(REVISION, _serverless(mode), endpoints).mode is ServiceMode.PROXY
