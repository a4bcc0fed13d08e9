from dataclasses import replace

import pytest

from kfsim.api.core import Container, ContainerPort, Pod, PodSpec
from kfsim.api.meta import ObjectMeta
from kfsim.base.types import ReplicaKey
from kfsim.replicas import lifecycle
from kfsim.replicas.backend import ReplicaEvent, ReplicaEventKind
from kfsim.replicas.lifecycle import Running, Terminated, Waiting
from kfsim.replicas.status import make_pod_status

KEY = ReplicaKey("default", "iris")
SERVING = "kserve-container"
POD = Pod(
    metadata=ObjectMeta(name="iris", namespace="default", uid="u"),
    spec=PodSpec(
        init_containers=(Container(name="storage-initializer", image="init"),),
        containers=(
            Container(name=SERVING, image="m", ports=(ContainerPort(container_port=8080),)),
            Container(name="queue-proxy"),
        ),
    ),
)


def begin():
    return lifecycle.begin_replica(POD, wall=1000.0)


def event(kind, container=SERVING, **fields):
    return ReplicaEvent(KEY, "u", kind, container, **fields)


def fold(state, *events):
    for number, each in enumerate(events):
        state = lifecycle.observe(state, each, wall=1001.0 + number, now=1.0 + number)
    return state


STARTED = event(ReplicaEventKind.STARTED)
CRASHED = event(ReplicaEventKind.EXITED, exit_code=1, message="boom")


def test_a_fresh_replica_waits_for_its_init_containers():
    state = begin()
    assert state.serving == SERVING
    assert {each.phase for each in (*state.init, *state.containers)} == {
        Waiting(lifecycle.POD_INITIALIZING)
    }
    assert not state.initialized


def test_init_containers_run_to_their_end():
    state = fold(begin(), event(ReplicaEventKind.INIT_STARTED, "storage-initializer"))
    assert state.init[0].running
    ended = event(ReplicaEventKind.INIT_EXITED, "storage-initializer", exit_code=0)
    state = fold(state, ended)
    assert state.initialized
    assert state.init[0].phase.reason == "Completed"


def test_a_start_runs_the_queue_proxy_too():
    state = fold(begin(), STARTED)
    assert state.find(SERVING).phase == Running(1001.0)
    assert state.find("queue-proxy").running
    assert not state.in_service


def test_in_service_needs_the_startup_and_the_readiness_probe():
    state = fold(begin(), STARTED)
    state = lifecycle.set_probed(state, SERVING, ready=True)
    assert not state.in_service
    state = lifecycle.set_initialized(state, SERVING, passed=True)
    assert state.in_service
    assert not replace(state, terminating=True).in_service


def test_a_crash_takes_it_out_of_service_and_is_remembered_over_the_restart():
    state = lifecycle.set_probed(fold(begin(), STARTED), SERVING, ready=True)
    state = fold(state, CRASHED)
    record = state.find(SERVING)
    assert record.phase == Terminated(1, "Error", 1001.0, started=1001.0, message="boom")
    assert state.gave_up
    state = fold(lifecycle.restarting(state, SERVING, now=2.0), STARTED)
    record = state.find(SERVING)
    assert (record.restarts, record.last.message, record.probed) == (1, "boom", False)


def test_an_exit_without_a_code_is_told_by_its_signal():
    state = fold(begin(), STARTED, event(ReplicaEventKind.EXITED, signal=9, reason="OOMKilled"))
    phase = state.find(SERVING).phase
    assert (phase.exit_code, phase.signal, phase.reason) == (137, 9, "OOMKilled")


def test_the_second_restart_is_held_back():
    state = fold(begin(), STARTED, CRASHED)
    assert state.find(SERVING).backoff.delay == 0
    state = fold(lifecycle.restarting(state, SERVING, now=2.0), STARTED, CRASHED)
    assert state.find(SERVING).backoff.delay == 10
    state = lifecycle.hold_back(state, SERVING, where="iris_default(u)")
    assert state.find(SERVING).phase == Waiting(
        "CrashLoopBackOff",
        "back-off 10s restarting failed container=kserve-container pod=iris_default(u)",
    )
    assert state.find(SERVING).last.message == "boom"


def test_long_back_offs_are_written_in_minutes():
    state = fold(begin(), STARTED, CRASHED)
    for _ in range(8):
        state = fold(lifecycle.restarting(state, SERVING, now=1.0), STARTED, CRASHED)
    state = lifecycle.hold_back(state, SERVING, where="w")
    assert state.find(SERVING).phase.message.startswith("back-off 5m0s ")


def test_what_cannot_start_waits_with_the_backends_reason():
    failed = event(ReplicaEventKind.FAILED, reason="ErrImagePull", message="no such image")
    state = fold(begin(), failed)
    assert state.find(SERVING).phase == Waiting("ErrImagePull", "no such image")
    assert state.gave_up
    state = lifecycle.hold_back(state, SERVING, where="w")
    assert state.find(SERVING).phase == Waiting(
        "ImagePullBackOff", 'Back-off pulling image "m": ErrImagePull: no such image'
    )


@pytest.mark.parametrize(
    ("reason", "shown", "last", "restarts"),
    [
        ("CreateContainerError", "CreateContainerError", None, 0),
        ("EngineUnavailable", "EngineUnavailable", None, 0),
        ("RunContainerError", "RunContainerError", 128, 0),
        ("StartError", "RunContainerError", 128, 0),
        ("", "CreateContainerError", None, 0),
    ],
)
def test_only_what_began_to_run_has_ended(reason, shown, last, restarts):
    state = fold(begin(), event(ReplicaEventKind.FAILED, reason=reason, message="why"))
    record = state.find(SERVING)
    assert record.phase == Waiting(shown, "why")
    assert (None if record.last is None else record.last.exit_code) == last
    assert record.restarts == restarts
    assert record.crashed == (last is not None)


def test_restarts_of_what_never_started_are_not_counted():
    failed = event(ReplicaEventKind.FAILED, reason="CreateContainerError", message="no room")
    state = fold(begin(), failed)
    assert lifecycle.restarting(state, SERVING, now=5.0) is state


def test_an_end_is_explained_until_the_restart():
    state = fold(begin(), STARTED, CRASHED)
    state = lifecycle.explain_end(state, SERVING, "PostStartHookError", "exit code 3")
    record = state.find(SERVING)
    assert record.phase == Waiting("PostStartHookError", "exit code 3")
    assert record.last.message == "boom"
    assert record.crashed
    assert lifecycle.explain_end(state, SERVING, "Other", "") is state


def test_unknown_containers_are_ignored():
    state = begin()
    assert fold(state, event(ReplicaEventKind.STARTED, "nobody")) is state
    assert lifecycle.set_probed(state, "nobody", ready=True) is state
    assert lifecycle.hold_back(state, "nobody", where="w") is state


def test_an_adopted_replica_keeps_its_history():
    state = fold(begin(), event(ReplicaEventKind.INIT_EXITED, "storage-initializer", exit_code=0))
    state = fold(state, STARTED, CRASHED, STARTED)
    pod = POD.replaced(status=make_pod_status(POD, state, wall=1010.0))
    adopted = lifecycle.adopt_replica(pod, wall=2000.0, now=50.0)
    record = adopted.find(SERVING)
    assert (record.restarts, record.phase, record.probed) == (1, Running(1003.0), False)
    assert record.last == state.find(SERVING).last
    assert adopted.initialized
