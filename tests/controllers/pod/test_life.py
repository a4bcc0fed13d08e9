"""What follows when containers start, fail, end or are lost."""

import pytest

from kfsim.base.errors import Unavailable
from kfsim.replicas.backend import ReplicaEventKind
from kfsim.testing.scaling import SERVING, tell
from tests.controllers.pod.scripts import FAILED_HOOK, bare, hooked, serving_status

STARTED, EXITED = ReplicaEventKind.STARTED, ReplicaEventKind.EXITED
FAILED = ReplicaEventKind.FAILED


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


def test_a_failure_of_the_whole_replica_is_the_serving_containers():
    async def story(world):
        world.apply_revision()
        await world.settle()
        world.hands.emit(world.key, FAILED, "", reason="CreateContainerError", message="no room")
        await world.settle()
        assert serving_status(world).state.waiting.message == "no room"

    tell(story)


@pytest.mark.parametrize(
    ("policy", "code", "restarted"),
    [("Always", 0, 1), ("OnFailure", 0, 0), ("OnFailure", 1, 1), ("Never", 1, 0)],
)
def test_restarts_follow_the_policy(policy, code, restarted):
    async def story(world):
        world.apply_revision(spec=bare(restart_policy=policy))
        await world.settle()
        world.hands.emit(world.key, STARTED, SERVING)
        world.hands.emit(world.key, EXITED, SERVING, exit_code=code)
        await world.settle()
        assert len(world.hands.restarted) == restarted
        assert len(world.hands.stopped) == 1 - restarted

    tell(story)


def test_a_crash_takes_the_pod_out_of_the_endpoints_at_once():
    async def story(world):
        world.apply_revision()
        await world.settle()
        world.hands.ready(world.key, SERVING)
        world.hands.emit(world.key, STARTED, SERVING)
        await world.advance(0.1)
        assert len(world.private_endpoints().subsets) == 1
        world.hands.emit(world.key, EXITED, SERVING, exit_code=137, signal=9)
        await world.settle()
        assert world.private_endpoints().subsets == ()
        assert world.hands.restarted == [(world.key, SERVING)]

    tell(story)


def test_a_container_is_not_running_before_its_post_start_hook_is_over():
    async def story(world):
        world.apply_revision(spec=hooked({"sleep": {"seconds": 5}}))
        await world.settle()
        world.hands.emit(world.key, STARTED, SERVING)
        await world.advance(4.9)
        assert serving_status(world).state.waiting.reason == "ContainerCreating"
        assert world.events("Started") == [f"Started container {SERVING}"]
        assert world.private_endpoints().subsets == ()
        await world.advance(0.2)
        assert serving_status(world).state.running.started_at == "2000-01-01T00:00:00Z"
        assert serving_status(world).ready

    tell(story)


def test_probes_begin_after_the_post_start_hook():
    async def story(world):
        ready = {"httpGet": {"port": 8080}}
        world.apply_revision(spec=hooked({"sleep": {"seconds": 5}}, readinessProbe=ready))
        await world.settle()
        world.hands.ready(world.key, SERVING)
        world.hands.emit(world.key, STARTED, SERVING)
        await world.advance(4.9)
        assert world.hands.probes == []
        await world.advance(0.2)
        assert serving_status(world).ready

    tell(story)


def test_a_failed_post_start_hook_ends_the_container_and_backs_off():
    async def story(world):
        world.hands.exec_results[FAILED_HOOK] = (3, b"no lock")
        world.apply_revision(spec=hooked({"exec": {"command": FAILED_HOOK}}))
        await world.settle()
        world.hands.emit(world.key, STARTED, SERVING)
        await world.settle()
        assert world.events("FailedPostStartHook") == ["PostStartHook failed"]
        assert "FailedPostStartHook" in world.events("Killing")
        assert len(world.hands.stopped) == 1
        waiting = serving_status(world).state.waiting
        assert waiting.reason == "PostStartHookError"
        assert "exited with 3: no lock" in waiting.message
        assert len(world.hands.started) == 2  # the first restart is immediate
        world.hands.emit(world.key, STARTED, SERVING)
        await world.settle()
        assert serving_status(world).state.waiting.reason == "CrashLoopBackOff"
        assert len(world.hands.started) == 2
        world.hands.exec_results.clear()
        await world.advance(10.1)
        world.hands.emit(world.key, STARTED, SERVING)
        await world.settle()
        assert serving_status(world).ready
        assert serving_status(world).restart_count == 2

    tell(story)


def test_a_container_that_ends_during_its_post_start_hook_has_crashed():
    async def story(world):
        world.apply_revision(spec=hooked({"sleep": {"seconds": 5}}))
        await world.settle()
        world.hands.emit(world.key, STARTED, SERVING)
        await world.advance(1)
        world.hands.emit(world.key, EXITED, SERVING, exit_code=1, message="boom")
        await world.advance(10)
        assert serving_status(world).state.terminated.message == "boom"
        assert world.events("FailedPostStartHook") == []
        assert world.hands.restarted == [(world.key, SERVING)]

    tell(story)
