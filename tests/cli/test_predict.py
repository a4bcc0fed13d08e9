"""What `predict` says of a service that nothing answers for."""

from typing import Any

import pytest

from kfsim.cli.commands.predict import explain_silence, is_without_route
from kfsim.cli.request import Answer


@pytest.mark.parametrize(
    ("status", "headers", "without"),
    [
        (404, {}, True),
        (404, {"kfsim-revision": "iris-predictor-00001"}, False),
        (503, {}, False),
        (200, {}, False),
    ],
    ids=["the-gateway's", "the-replica's", "another-failure", "an-answer"],
)
def test_only_the_gateways_404_means_that_there_is_no_route(
    status: int, headers: dict[str, str], without: bool
) -> None:
    assert is_without_route(Answer(status, headers, b"")) is without


@pytest.mark.parametrize(
    ("namespace", "status", "reason", "text"),
    [
        (
            "default",
            {},
            "NeedsDocker: give it a command",
            (
                "iris has never been ready, so nothing answers: NeedsDocker: give it a command; "
                "`kfsim why iris` tells more"
            ),
        ),
        (
            "team",
            {"url": "http://iris.team.localhost"},
            "",
            (
                "iris is not ready, so nothing answers: it is still coming up; "
                "`kfsim why iris -n team` tells more"
            ),
        ),
    ],
    ids=["never-ready", "once-ready"],
)
def test_the_reason_is_told(namespace: str, status: dict[str, Any], reason: str, text: str) -> None:
    service = {"metadata": {"name": "iris", "namespace": namespace}, "status": status}
    assert explain_silence(service, reason) == text
