"""What `logs` adds where a container has no log."""

from typing import Any

import pytest

from kfsim.cli.commands.logs import explain_missing

FAILED = {"terminated": {"exitCode": 1, "reason": "Error", "message": "no such model"}}
WAITS = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}}


def pod(*init: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"name": "iris-x"}, "status": {"initContainerStatuses": list(init)}}


def init(state: dict[str, Any], last: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"name": "storage-initializer", "state": state, "lastState": last or {}}


HINT = "`kfsim logs iris -c storage-initializer` shows its log"


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (pod(), ""),
        (pod(init({"terminated": {"exitCode": 0, "reason": "Completed"}})), ""),
        (pod(init(FAILED)), f"its init container storage-initializer failed (Error); {HINT}"),
        (
            pod(init(WAITS, FAILED)),
            f"its init container storage-initializer failed (CrashLoopBackOff); {HINT}",
        ),
        (
            pod(init({"running": {"startedAt": "2026-11-25T09:00:00Z"}})),
            f"its init container storage-initializer has not ended yet; {HINT}",
        ),
        (
            pod(init({"waiting": {"reason": "ErrImagePull", "message": "no such host"}})),
            "its init container storage-initializer waits: ErrImagePull: no such host",
        ),
    ],
    ids=["none", "ended-well", "failed", "failed-repeatedly", "running", "never-ran"],
)
def test_the_init_container_in_the_way_is_named(item: dict[str, Any], text: str) -> None:
    assert explain_missing(item, "iris") == text


def test_the_namespace_is_part_of_the_command() -> None:
    text = explain_missing(pod(init(FAILED)), "iris", namespace="team")
    assert "`kfsim logs iris -n team -c storage-initializer`" in text


@pytest.mark.parametrize(
    ("asked", "told"), [("kserve-container", True), ("storage-initializer", False)]
)
def test_the_init_container_is_not_pointed_to_when_it_was_asked_for(asked: str, told: bool) -> None:
    assert bool(explain_missing(pod(init(FAILED)), "iris", asked=asked)) is told
