"""modelStatus in the order of its decisions."""

from typing import Any

import pytest

from kfsim.api.core import Pod
from kfsim.api.knative.serving import Service
from kfsim.api.kserve.types import ModelStatus
from kfsim.controllers.inferenceservice.model_status import invalid_spec, observe_model

REVISION = "iris-predictor-00002"
ERROR = {"terminated": {"exitCode": 1, "reason": "Error", "message": "no such bucket"}}
BACK_OFF = {"waiting": {"reason": "CrashLoopBackOff"}}


def pod(name: str = "p", *, ready: bool = False, created: str = "1", **status: Any) -> Pod:
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    return Pod.model_validate(
        {
            "metadata": {"name": name, "creationTimestamp": created},
            "status": {"phase": "Running", "conditions": conditions, **status},
        }
    )


def init(state: dict[str, Any], last: dict[str, Any] | None = None) -> dict[str, Any]:
    row = {"name": "storage-initializer", "state": state, "lastState": last}
    return {"initContainerStatuses": [row]}


def serving(state: dict[str, Any], last: dict[str, Any] | None = None) -> dict[str, Any]:
    row = {"name": "kserve-container", "state": state, "lastState": last}
    return {"containerStatuses": [row]}


def ksvc(*, ready: str = REVISION, status: str = "True") -> Service:
    return Service.model_validate(
        {
            "status": {
                "latestCreatedRevisionName": REVISION,
                "latestReadyRevisionName": ready,
                "conditions": [{"type": "Ready", "status": status}],
            }
        }
    )


def observe(
    *pods: Pod,
    isvc_ready: bool = False,
    service: Service | None = None,
    old: ModelStatus | None = None,
) -> ModelStatus:
    return observe_model(
        old,
        isvc_ready=isvc_ready,
        service=service or ksvc(),
        pods=pods,
        revision=REVISION,
    )


@pytest.mark.parametrize(
    ("pods", "isvc_ready", "service", "target", "transition"),
    [
        ([], False, ksvc(status="Unknown"), "Pending", "InProgress"),
        ([], False, ksvc(status="False"), "FailedToLoad", "BlockedByFailedLoad"),
        ([], True, ksvc(), "Loaded", "UpToDate"),
        ([], True, ksvc(ready="old"), "Pending", "InProgress"),
        ([pod(**init({"running": {}}))], False, ksvc(), "Loading", "InProgress"),
        ([pod(**init(ERROR))], True, ksvc(), "FailedToLoad", "BlockedByFailedLoad"),
        ([pod(**init(BACK_OFF, ERROR))], False, ksvc(), "FailedToLoad", "BlockedByFailedLoad"),
        ([pod(ready=True)], True, ksvc(), "Loaded", "UpToDate"),
        ([pod(ready=True)], True, ksvc(ready="old"), "Pending", "InProgress"),
        ([pod(**serving(ERROR))], False, ksvc(), "FailedToLoad", "BlockedByFailedLoad"),
        ([pod(**serving(BACK_OFF, ERROR))], False, ksvc(), "FailedToLoad", "BlockedByFailedLoad"),
        ([pod(**serving(BACK_OFF, ERROR))], True, ksvc(), "Loaded", "UpToDate"),
        ([pod(**serving({"running": {}}))], False, ksvc(), "Pending", "InProgress"),
    ],
    ids=[
        "no-pods", "gave-up", "scaled-to-zero", "no-pods-new-revision", "downloading",
        "download-failed", "download-crash-loop", "ready", "new-revision-not-ready",
        "server-failed", "server-crash-loop", "ready-wins-over-server-crash", "server-starting",
    ],
)  # fmt: skip
def test_decision(
    pods: list[Pod], isvc_ready: bool, service: Service, target: str, transition: str
) -> None:
    status = observe(*pods, isvc_ready=isvc_ready, service=service)

    assert status.states is not None
    assert (status.states.target_model_state, status.transition_status) == (target, transition)


def test_a_failure_names_pod_revision_message_and_exit_code() -> None:
    info = observe(pod("iris-x", **init(BACK_OFF, ERROR))).last_failure_info

    assert info is not None
    assert info.model_dump(exclude_none=True) == {
        "location": "iris-x",
        "reason": "ModelLoadFailed",
        "message": "no such bucket",
        "model_revision_name": REVISION,
        "exit_code": 1,
    }


@pytest.mark.parametrize(
    ("ended", "message"),
    [
        ({"reason": "OOMKilled", "exitCode": 137}, "OOMKilled"),
        (
            {"reason": "OOMKilled", "exitCode": 137, "message": "loading shard 3"},
            "OOMKilled: loading shard 3",
        ),
        ({"reason": "Error", "exitCode": 137, "message": "loading"}, "loading"),
    ],
)
def test_a_kill_for_memory_is_named(ended: dict[str, Any], message: str) -> None:
    info = observe(pod(**serving(BACK_OFF, {"terminated": ended}))).last_failure_info

    assert info is not None
    assert (info.message, info.exit_code) == (message, 137)


def waiting(reason: str, message: str | None = "why") -> dict[str, Any]:
    return serving({"waiting": {"reason": reason, "message": message}})


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        ("ErrImagePull", "FailedToLoad"),
        ("ImagePullBackOff", "FailedToLoad"),
        ("ErrImageNeverPull", "FailedToLoad"),
        ("InvalidImageName", "FailedToLoad"),
        ("CreateContainerError", "FailedToLoad"),
        ("RunContainerError", "FailedToLoad"),
        ("NeedsDocker", "FailedToLoad"),
        ("CreateContainerConfigError", "Pending"),
        ("EngineUnavailable", "Pending"),
    ],
)
def test_what_could_not_be_started_is_told_with_its_reason(reason: str, state: str) -> None:
    status = observe(pod(**waiting(reason)))

    assert status.states is not None
    assert status.states.target_model_state == state
    assert status.last_failure_info is not None
    assert status.last_failure_info.model_dump(exclude_none=True) == {
        "location": "p",
        "reason": "RuntimeUnhealthy",
        "message": f"{reason}: why",
        "model_revision_name": REVISION,
    }


@pytest.mark.parametrize("reason", ["ContainerCreating", "PodInitializing"])
def test_waiting_for_a_start_is_no_failure(reason: str) -> None:
    assert observe(pod(**waiting(reason, None))).last_failure_info is None


def test_a_loaded_model_whose_engine_is_away_stays_loaded_and_says_so() -> None:
    status = observe(pod(**waiting("EngineUnavailable")), isvc_ready=True)

    assert status.transition_status == "UpToDate"
    assert status.last_failure_info is not None
    assert status.last_failure_info.message == "EngineUnavailable: why"


def test_an_initializer_that_runs_again_changes_nothing() -> None:
    failed = observe(pod(**init(ERROR)))

    assert observe(pod(**init({"running": {}}, ERROR)), old=failed) == failed


def test_the_active_model_stays_loaded_while_a_new_one_fails() -> None:
    loaded = observe(pod(ready=True), isvc_ready=True)
    failed = observe(pod(**serving(ERROR)), service=ksvc(ready="old"), old=loaded)

    assert failed.states is not None
    assert failed.states.active_model_state == "Loaded"
    assert failed.states.target_model_state == "FailedToLoad"


def test_the_most_advanced_pod_speaks_and_ready_ones_are_counted() -> None:
    status = observe(
        pod("new", created="2", **init({"running": {}})),
        pod("old", created="1", ready=True),
        isvc_ready=True,
    )

    assert status.transition_status == "UpToDate"
    assert status.copies is not None
    assert status.copies.total_copies == 1


def test_an_invalid_spec_keeps_the_active_model() -> None:
    loaded = observe(pod(ready=True), isvc_ready=True)
    status = invalid_spec(loaded, reason="NoSupportingRuntime", message="none")

    assert status.transition_status == "InvalidSpec"
    assert status.states is not None
    assert status.states.active_model_state == "Loaded"
