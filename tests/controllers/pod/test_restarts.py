"""When containers are tried again: the plan on its own, then what a Pod shows of it."""

from types import SimpleNamespace

import pytest

from kfsim.api.core import Container, Pod, PodSpec
from kfsim.api.meta import ObjectMeta
from kfsim.base.errors import Unavailable
from kfsim.base.types import ReplicaKey
from kfsim.controllers.pod.replica import Replica, Stage
from kfsim.controllers.pod.restarts import Restarts
from kfsim.replicas import lifecycle
from kfsim.replicas.backend import ReplicaEvent, ReplicaEventKind
from kfsim.replicas.failures import resolve_retry
from kfsim.testing.clock import FakeClock
from kfsim.testing.scaling import SERVING, tell
from tests.controllers.pod.scripts import bare, serving_status

STARTED, EXITED = ReplicaEventKind.STARTED, ReplicaEventKind.EXITED
FAILED = ReplicaEventKind.FAILED

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


# What a Pod shows


def test_a_start_that_is_refused_is_tried_again_after_ten_seconds():
    async def story(world):
        world.hands.start_error = Unavailable("no engine: start it")
        world.apply_revision()
        await world.settle()
        waiting = serving_status(world).state.waiting
        assert (waiting.reason, waiting.message) == ("CreateContainerError", "no engine: start it")
        assert world.events("Failed") == ["Error: no engine: start it"]
        await world.advance(9.9)
        assert world.hands.started == []
        await world.advance(0.2)
        assert len(world.hands.started) == 1

    tell(story)


def test_a_mistake_in_the_manifest_is_not_tried_again():
    async def story(world):
        world.apply_revision()
        await world.settle()
        world.hands.emit(
            world.key, FAILED, SERVING, reason="NeedsDocker", message="use --runtime docker"
        )
        await world.advance(1000)
        assert serving_status(world).state.waiting.reason == "NeedsDocker"
        assert world.hands.restarted == []
        assert len(world.hands.started) == 1

    tell(story)


def test_an_image_that_cannot_be_pulled_is_tried_after_ten_seconds_then_twenty():
    async def story(world):
        world.apply_revision()
        await world.settle()
        for attempt, wait in enumerate((10, 20, 40, 80, 160, 300, 300)):
            world.hands.emit(world.key, FAILED, SERVING, reason="ErrImagePull", message="denied")
            await world.settle()
            waiting = serving_status(world).state.waiting
            assert (waiting.reason, waiting.message) == ("ErrImagePull", "denied")
            await world.advance(1)
            waiting = serving_status(world).state.waiting
            assert waiting.reason == "ImagePullBackOff"
            assert waiting.message == 'Back-off pulling image "m": ErrImagePull: denied'
            await world.advance(wait - 1.1)
            assert len(world.hands.restarted) == attempt
            await world.advance(0.2)
            assert world.hands.restarted[attempt:] == [(world.key, SERVING)]

    tell(story)


def test_a_failed_pull_is_told_in_kubelets_words():
    async def story(world):
        world.apply_revision()
        await world.settle()
        world.hands.emit(world.key, FAILED, SERVING, reason="ErrImagePull", message="denied")
        await world.advance(2)
        assert world.events("Failed") == [
            'Failed to pull image "m": denied',
            "Error: ErrImagePull",
            "Error: ImagePullBackOff",
        ]
        assert world.events("BackOff") == ['Back-off pulling image "m"']

    tell(story)


def test_an_image_that_is_pulled_at_last_starts_with_a_clean_account():
    async def story(world):
        world.apply_revision(spec=bare())
        await world.settle()
        world.hands.emit(world.key, FAILED, SERVING, reason="ErrImagePull", message="denied")
        await world.advance(10.1)
        world.hands.emit(world.key, STARTED, SERVING)
        await world.settle()
        status = serving_status(world)
        assert status.ready
        assert status.restart_count == 0
        world.hands.emit(world.key, EXITED, SERVING, exit_code=1)
        await world.settle()
        assert len(world.hands.restarted) == 2  # the first restart of a crash is immediate

    tell(story)


def test_a_container_whose_process_cannot_be_run_is_a_crash():
    async def story(world):
        world.apply_revision()
        await world.settle()
        for wait in (0, 10, 20):
            text = 'exec: "nosuch": executable file not found in $PATH'
            world.hands.emit(world.key, FAILED, SERVING, reason="RunContainerError", message=text)
            await world.settle()
            status = serving_status(world)
            ended = status.last_state.terminated
            assert (ended.exit_code, ended.reason, ended.message) == (128, "StartError", text)
            if wait:
                assert status.state.waiting.reason == "CrashLoopBackOff"
                before = len(world.hands.restarted)
                await world.advance(wait + 0.1)
                assert len(world.hands.restarted) == before + 1
        assert serving_status(world).restart_count == 2

    tell(story)


def test_an_engine_that_is_away_is_left_to_the_backend():
    async def story(world):
        world.apply_revision(spec=bare())
        await world.settle()
        text = "no Docker engine answers at /var/run/docker.sock; start it"
        world.hands.emit(world.key, FAILED, SERVING, reason="EngineUnavailable", message=text)
        await world.advance(300)
        waiting = serving_status(world).state.waiting
        assert (waiting.reason, waiting.message) == ("EngineUnavailable", text)
        assert world.hands.restarted == []
        assert len(world.hands.started) == 1
        world.hands.emit(world.key, STARTED, SERVING)
        await world.settle()
        assert serving_status(world).ready
        assert serving_status(world).restart_count == 0

    tell(story)


@pytest.mark.parametrize("reason", ["ErrImageNeverPull", "CreateContainerError"])
def test_what_a_command_on_the_host_may_mend_is_tried_every_ten_seconds(reason):
    async def story(world):
        world.apply_revision()
        await world.settle()
        for attempt in range(1, 4):
            world.hands.emit(world.key, FAILED, SERVING, reason=reason, message="no")
            await world.advance(10.1)
            assert len(world.hands.restarted) == attempt
            assert serving_status(world).state.waiting.reason == reason

    tell(story)


def test_a_container_killed_for_memory_shows_it_while_it_crash_loops():
    async def story(world):
        world.apply_revision()
        await world.settle()
        for _ in range(2):
            world.hands.emit(world.key, STARTED, SERVING)
            world.hands.emit(
                world.key, EXITED, SERVING, exit_code=137, signal=9, reason="OOMKilled"
            )
            await world.settle()
        status = serving_status(world)
        assert status.state.waiting.reason == "CrashLoopBackOff"
        ended = status.last_state.terminated
        assert (ended.reason, ended.exit_code) == ("OOMKilled", 137)

    tell(story)
