"""Revisions read two ConfigMaps."""

import pytest

from kfsim.base.errors import Invalid
from kfsim.controllers.revision.config import RevisionConfig, parse_revision_config


def test_defaults() -> None:
    assert parse_revision_config({}, {}) == RevisionConfig()


def test_keys() -> None:
    config = parse_revision_config(
        {"progress-deadline": "2m", "queue-sidecar-image": "q"},
        {"initial-scale": "0", "pod-autoscaler-class": "mine"},
    )
    assert config == RevisionConfig(0, "mine", 120, "q")


@pytest.mark.parametrize(
    ("deployment", "autoscaler", "key"),
    [
        pytest.param({"progress-deadline": "soon"}, {}, "progress-deadline", id="deadline"),
        pytest.param({}, {"initial-scale": "some"}, "initial-scale", id="scale"),
    ],
)
def test_bad_values_name_their_key(
    deployment: dict[str, str], autoscaler: dict[str, str], key: str
) -> None:
    with pytest.raises(Invalid, match=key):
        parse_revision_config(deployment, autoscaler)
