"""config-deployment as it is read."""

import pytest

from kfsim.api.config.deployment import DeploymentConfig
from kfsim.base.errors import Invalid


@pytest.mark.parametrize(
    ("data", "config"),
    [
        ({}, DeploymentConfig(600)),
        ({"progress-deadline": "2m", "queue-sidecar-image": "q"}, DeploymentConfig(120, "q")),
        ({"progressDeadline": "90s"}, DeploymentConfig(90)),
        ({"_example": "progress-deadline: 1s"}, DeploymentConfig(600)),
    ],
)
def test_values(data: dict[str, str], config: DeploymentConfig) -> None:
    assert DeploymentConfig.parse(data) == config


@pytest.mark.parametrize("text", ["soon", "0s", "1500ms", "-5s"])
def test_a_bad_deadline_is_named(text: str) -> None:
    with pytest.raises(Invalid, match="progress-deadline"):
        DeploymentConfig.parse({"progress-deadline": text})
