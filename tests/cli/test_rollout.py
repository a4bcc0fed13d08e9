"""What `up` says of a service."""

from typing import Any

import pytest

from kfsim.cli.rollout import read_state


def isvc(*conditions: dict[str, str], **status: Any) -> dict[str, Any]:
    return {
        "metadata": {"generation": 1},
        "status": {"observedGeneration": 1, "conditions": list(conditions), **status},
    }


@pytest.mark.parametrize(
    ("item", "line"),
    [
        (isvc({"type": "Ready", "status": "True"}), "Ready"),
        (isvc({"type": "Ready", "status": "Unknown"}), "Pending"),
        (
            isvc({"type": "Ready", "status": "False", "reason": "Broken", "message": "see here"}),
            "Pending · Broken: see here",
        ),
        (
            isvc(
                {"type": "Ready", "status": "False", "reason": "Predictor ingress not created"},
                {
                    "type": "PredictorConfigurationReady",
                    "status": "False",
                    "reason": "RevisionFailed",
                    "message": "no GPU",
                },
            ),
            "Pending · RevisionFailed: no GPU",
        ),
    ],
    ids=["ready", "coming-up", "with-a-message", "the-revisions-own-reason"],
)
def test_the_line_of_a_service(item: dict[str, Any], line: str) -> None:
    assert read_state(item).line == line
