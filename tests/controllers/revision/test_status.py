"""A Revision's conditions from its Deployment's."""

import pytest

from kfsim.api.apps import DeploymentStatus
from kfsim.api.conditions import find_condition
from kfsim.api.meta import Condition
from kfsim.controllers.revision.status import (
    CONDITIONS,
    has_timed_out,
    propagate_deployment,
)

TIMED_OUT = Condition(type="Progressing", status="False", reason="ProgressDeadlineExceeded")


@pytest.mark.parametrize(
    ("conditions", "status", "reason"),
    [
        pytest.param((), "Unknown", "Deploying", id="says-nothing"),
        pytest.param((Condition(type="Progressing", status="True"),), "True", None, id="progress"),
        pytest.param(
            (Condition(type="Progressing", status="Unknown", reason="Paused"),),
            "Unknown",
            "Paused",
            id="unknown",
        ),
        pytest.param((TIMED_OUT,), "False", "ProgressDeadlineExceeded", id="deadline"),
    ],
)
def test_deployments(conditions: tuple[Condition, ...], status: str, reason: str | None) -> None:
    manager = CONDITIONS.manager((), wall="now")
    propagate_deployment(manager, DeploymentStatus(conditions=conditions))
    found = find_condition(manager.result(), "ResourcesAvailable")
    assert found is not None
    assert (found.status, found.reason) == (status, reason)


def test_only_the_deadline_is_a_time_out() -> None:
    assert has_timed_out((TIMED_OUT,))
    assert not has_timed_out((TIMED_OUT.replaced(reason="Other"),))
    assert not has_timed_out(())
