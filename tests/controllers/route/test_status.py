"""A Route's IngressReady from its Ingress's Ready."""

import pytest

from kfsim.api.conditions import find_condition
from kfsim.api.knative.internal import IngressStatus
from kfsim.api.meta import Condition
from kfsim.controllers.route.status import CONDITIONS, propagate_ingress


@pytest.mark.parametrize(
    ("ready", "status", "reason"),
    [
        pytest.param((), "Unknown", "IngressNotConfigured", id="says-nothing"),
        pytest.param((Condition(type="Ready", status="True"),), "True", None, id="ready"),
        pytest.param(
            (Condition(type="Ready", status="False", reason="Broken"),),
            "False",
            "Broken",
            id="failed",
        ),
        pytest.param(
            (Condition(type="Ready", status="Unknown", reason="Busy"),),
            "Unknown",
            "Busy",
            id="under-way",
        ),
    ],
)
def test_ingress(ready: tuple[Condition, ...], status: str, reason: str | None) -> None:
    manager = CONDITIONS.manager((), wall="now")
    propagate_ingress(manager, IngressStatus(conditions=ready))
    found = find_condition(manager.result(), "IngressReady")
    assert found is not None
    assert (found.status, found.reason) == (status, reason)
