"""What `up` says of a service."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from kfsim.cli.client import ApiClient
from kfsim.cli.progress import Progress, read_choice, read_state


def isvc(*conditions: dict[str, str], **status: Any) -> dict[str, Any]:
    return {
        "metadata": {"generation": 1},
        "status": {"observedGeneration": 1, "conditions": list(conditions)} | status,
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


FAILED = {"text": "transformer: NeedsDocker: give it a command", "failed": True}
WAITING = {"text": "EngineUnavailable: start the engine", "failed": False}
UNKNOWN = {"type": "Ready", "status": "Unknown"}


@pytest.mark.parametrize(
    ("item", "cause", "line", "failed"),
    [
        (isvc(UNKNOWN), FAILED, "transformer: NeedsDocker: give it a command", True),
        (isvc(UNKNOWN), WAITING, "Pending · EngineUnavailable: start the engine", False),
        (isvc({"type": "Ready", "status": "True"}), FAILED, "Ready", False),
        (
            isvc(
                UNKNOWN,
                modelStatus={
                    "transitionStatus": "BlockedByFailedLoad",
                    "lastFailureInfo": {"reason": "ModelLoadFailed", "message": "no model"},
                },
            ),
            None,
            "ModelLoadFailed: no model",
            True,
        ),
        (
            isvc(
                UNKNOWN,
                modelStatus={
                    "transitionStatus": "BlockedByFailedLoad",
                    "lastFailureInfo": {"reason": "ModelLoadFailed", "exitCode": 3},
                },
            ),
            None,
            "ModelLoadFailed: ended with exit code 3",
            True,
        ),
        (
            isvc(
                UNKNOWN,
                observedGeneration=0,
                modelStatus={
                    "transitionStatus": "BlockedByFailedLoad",
                    "lastFailureInfo": {"reason": "ModelLoadFailed", "message": "the old one"},
                },
            ),
            None,
            "Pending",
            False,
        ),
    ],
    ids=[
        "a-cause-that-lasts",
        "a-cause-that-may-pass",
        "ready-all-the-same",
        "the-model",
        "a-model-without-a-word",
        "of-an-older-spec",
    ],
)
def test_a_failure_is_told_with_its_cause(
    item: dict[str, Any], cause: dict[str, Any] | None, line: str, failed: bool
) -> None:
    state = read_state(item, cause)
    assert (state.line, state.failed) == (line, failed)


def test_what_was_chosen_is_told_with_its_reasons() -> None:
    answer = {
        "runtime": {"reason": "first of those that support sklearn over v1"},
        "revisions": [{"backend": None}, {"backend": {"name": "process", "reason": "no engine"}}],
    }
    choice = read_choice(answer)
    assert choice.backend == "process"
    assert choice.reasons == ("first of those that support sklearn over v1", "no engine")
    assert read_choice({"runtime": None, "revisions": []}).backend == ""


class FakeClient:
    """Answers with one InferenceService, whatever its object is at the time."""

    def __init__(self) -> None:
        self.item: dict[str, Any] = {}

    def get(self, path: str) -> dict[str, Any]:
        return {"runtime": None, "revisions": []} if "/why/" in path else {"items": [self.item]}

    def resource(self, word: str) -> Any:
        return SimpleNamespace(path=lambda namespace: f"/{word}")


def test_a_failure_that_comes_back_is_told_once_until_the_service_is_ready() -> None:
    client, said = FakeClient(), list[str]()
    progress = Progress(cast(ApiClient, client), [("default", "iris")], said.append)
    pulling, waiting = ({"type": "Ready", "status": "False", "message": m} for m in ("a", "b"))
    ready = {"type": "Ready", "status": "True"}
    for condition in (pulling, waiting, pulling, waiting, ready, pulling):
        client.item = isvc(condition)
        client.item["metadata"].update(name="iris", namespace="default")
        progress.poll()
    assert [line.rpartition(" ")[2] for line in said] == ["a", "b", "Ready", "a"]
