"""When containers are tried again, without the kubelet around."""

from types import SimpleNamespace

import pytest

from kfsim.api.core import Container, Pod, PodSpec
from kfsim.api.meta import ObjectMeta
from kfsim.base.types import ReplicaKey
from kfsim.controllers.pod.replica import Replica, Stage
from kfsim.controllers.pod.restarts import Restarts
from kfsim.replicas import lifecycle
from kfsim.replicas.backend import ReplicaEvent, ReplicaEventKind
from kfsim.replicas.failures import resolve_retry
from kfsim.testing.clock import FakeClock

KEY = ReplicaKey("default", "iris")
POD = Pod(
    metadata=ObjectMeta(name="iris", namespace="default", uid="u"),
    spec=PodSpec(containers=(Container(name="c", image="m"),)),
)


@pytest.fixture
def desk():
    clock = FakeClock()
    replica = Replica(KEY, "u", POD, lifecycle.begin_replica(POD, wall=0.0), Stage.LIVE)
    attempts, wakes = [], []
    restarts = Restarts(
        clock=clock,
        wake=lambda key, after: wakes.append(after),
        restart=lambda replica, container: attempts.append((clock.now(), container)),
    )
    return SimpleNamespace(
        clock=clock, replica=replica, attempts=attempts, wakes=wakes, restarts=restarts
    )


def fail(desk, reason):
    event = ReplicaEvent(KEY, "u", ReplicaEventKind.FAILED, "c", reason=reason, message="why")
    state = lifecycle.observe(desk.replica.state, event, wall=0.0, now=desk.clock.now())
    desk.replica.state = state
    desk.restarts.after_failure(desk.replica, state.find("c"), resolve_retry(reason))


@pytest.mark.parametrize(
    ("reason", "wakes"),
    [
        ("ErrImagePull", [10.0, 1.0]),
        ("CreateContainerError", [10.0]),
        ("NeedsDocker", []),
        ("EngineUnavailable", []),
    ],
)
def test_attempts_are_asked_for_when_they_are_due(desk, reason, wakes):
    fail(desk, reason)
    assert desk.wakes == wakes
    assert desk.attempts == []
    desk.clock.advance(10)
    desk.restarts.tend(desk.replica)
    assert len(desk.attempts) == bool(wakes)
    desk.clock.advance(1000)
    desk.restarts.tend(desk.replica)
    assert len(desk.attempts) == bool(wakes)


def test_a_process_that_cannot_run_is_tried_at_once(desk):
    fail(desk, "RunContainerError")
    assert [name for _, name in desk.attempts] == ["c"]
    assert desk.wakes == []


def test_only_a_pending_pull_pulls(desk):
    assert not desk.restarts.pulls(desk.replica)
    fail(desk, "CreateContainerError")
    assert not desk.restarts.pulls(desk.replica)
    fail(desk, "ErrImagePull")
    assert desk.restarts.pulls(desk.replica)


@pytest.mark.parametrize("end", ["started", "forget"])
def test_what_runs_or_ends_is_not_tried_again(desk, end):
    fail(desk, "ErrImagePull")
    if end == "started":
        desk.restarts.started(desk.replica, "c")
    else:
        desk.restarts.forget(desk.replica)
    desk.clock.advance(1000)
    desk.restarts.tend(desk.replica)
    assert desk.attempts == []
    assert desk.replica.notes == []


def test_the_back_off_of_a_pull_shows_after_a_second_and_is_told_once(desk):
    fail(desk, "ErrImagePull")
    for _ in range(3):
        desk.clock.advance(1)
        desk.restarts.tend(desk.replica)
    assert desk.replica.state.find("c").phase.reason == "ImagePullBackOff"
    assert [(each.type, each.reason, each.message) for each in desk.replica.notes] == [
        ("Normal", "BackOff", 'Back-off pulling image "m"'),
        ("Warning", "Failed", "Error: ImagePullBackOff"),
    ]
