"""Whether a Service's traffic has moved."""

import pytest

from kfsim.api.knative.serving import (
    Configuration,
    ConfigurationStatus,
    Route,
    RouteSpec,
    RouteStatus,
    TrafficTarget,
)
from kfsim.api.meta import ObjectMeta
from kfsim.controllers.service.status import is_traffic_migrated

CONFIGURATION = Configuration(
    metadata=ObjectMeta(name="iris"), status=ConfigurationStatus(latest_ready_revision_name="r2")
)
LATEST = TrafficTarget(configuration_name="iris", latest_revision=True, percent=100)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param((TrafficTarget(revision_name="r2", percent=100),), True, id="moved"),
        pytest.param((TrafficTarget(revision_name="r1", percent=100),), False, id="old-revision"),
        pytest.param((TrafficTarget(revision_name="r2", percent=90),), False, id="other-share"),
        pytest.param((), False, id="nothing-yet"),
    ],
)
def test_migration(status: tuple[TrafficTarget, ...], expected: bool) -> None:
    route = Route(spec=RouteSpec(traffic=(LATEST,)), status=RouteStatus(traffic=status))
    assert is_traffic_migrated(CONFIGURATION, route) is expected
