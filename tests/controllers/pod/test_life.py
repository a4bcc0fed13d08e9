"""What follows when containers start, fail, end or are lost."""

import pytest

from kfsim.api.core import Container, Event, Pod
from kfsim.api.meta import ObjectMeta
from kfsim.controllers.pod.replica import Stage
from kfsim.replicas.backend import ReplicaEventKind
from kfsim.testing.scaling import SERVING, tell
from tests.controllers.pod.scripts import FAILED_HOOK, bare, hooked, serving_status

STARTED, EXITED = ReplicaEventKind.STARTED, ReplicaEventKind.EXITED
FAILED, GONE = ReplicaEventKind.FAILED, ReplicaEventKind.GONE
NOTED = ReplicaEventKind.NOTED


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


@pytest.mark.parametrize("policy", ["Always", "OnFailure", "Never"])
def test_a_failed_init_container_is_tried_again_unless_the_policy_is_never(policy):
    async def story(world):
        world.apply_revision(
            spec=bare(init_containers=(Container(name="fetch"),), restart_policy=policy)
        )
        await world.settle()
        key = world.key
        world.hands.emit(key, ReplicaEventKind.INIT_STARTED, "fetch")
        world.hands.emit(key, ReplicaEventKind.INIT_EXITED, "fetch", exit_code=1)
        await world.settle()
        never = policy == "Never"
        assert world.hands.restarted == ([] if never else [(key, "fetch")])
        assert [each for each, _ in world.hands.stopped] == ([key] if never else [])

    tell(story)


def test_an_init_container_that_ended_well_is_not_run_again():
    async def story(world):
        world.apply_revision(spec=bare(init_containers=(Container(name="fetch"),)))
        await world.settle()
        world.hands.emit_started(world.key)
        await world.settle()
        assert world.hands.restarted == []
        assert world.hands.stopped == []
        assert serving_status(world).ready

    tell(story)


@pytest.mark.parametrize(("warning", "type_"), [(True, "Warning"), (False, "Normal")])
def test_remarks_become_events_and_change_nothing(warning, type_):
    async def story(world):
        world.apply_revision(spec=bare())
        await world.settle()
        replica = world.kubelet.find(world.key)
        before = replica.state
        text = "it is limited to 2"
        world.hands.emit(world.key, NOTED, reason="LimitClamped", message=text, warning=warning)
        await world.settle()
        (event,) = [each for each in world.store.list(Event) if each.reason == "LimitClamped"]
        assert (event.type, event.message) == (type_, text)
        assert replica.state is before

    tell(story)


def test_a_lost_replica_says_what_the_backend_knows():
    async def story(world):
        world.store.create(Pod(metadata=ObjectMeta(name="mine", namespace="default"), spec=bare()))
        await world.settle()
        world.hands.emit(world.key, GONE, message="the engine removed it")
        await world.settle()
        status = world.pod.status
        assert (status.phase, status.reason) == ("Failed", "ReplicaLost")
        assert status.message == "the engine removed it"
        assert world.events("ReplicaLost") == ["the engine removed it"]
        assert world.hands.stopped == []

    tell(story)


def test_containers_that_ran_were_killed_with_a_lost_replica():
    async def story(world):
        world.store.create(
            Pod(
                metadata=ObjectMeta(name="mine", namespace="default"),
                spec=hooked({"sleep": {"seconds": 5}}),
            )
        )
        await world.settle()
        world.hands.emit(world.key, STARTED, SERVING)
        await world.advance(1)
        world.hands.emit(world.key, GONE)  # while its postStart hook runs
        await world.advance(10)
        ended = serving_status(world).state.terminated
        assert (ended.exit_code, ended.reason) == (137, "ContainerStatusUnknown")
        assert ended.started_at == "2000-01-01T00:00:00Z"

    tell(story)


@pytest.mark.parametrize("kind", [EXITED, FAILED])
def test_a_container_that_ends_while_its_replica_drains_is_not_tried_again(kind):
    async def story(world):
        world.store.create(Pod(metadata=ObjectMeta(name="mine", namespace="default"), spec=bare()))
        await world.settle()
        key = world.key
        world.hands.emit(key, STARTED, SERVING)
        world.store.delete(Pod, "mine", "default")
        await world.settle()
        world.hands.emit(key, kind, SERVING, exit_code=1, reason="ErrImagePull")
        await world.advance(100)
        assert world.hands.restarted == []
        assert world.hands.stopped == []  # it is not drained yet

    tell(story)


def test_a_container_that_ends_while_its_replica_is_replaced_is_started_with_it():
    async def story(world):
        alive = {"tcpSocket": {"port": 1}, "failureThreshold": 1}
        world.apply_revision(spec=hooked(None, {"sleep": {"seconds": 5}}, livenessProbe=alive))
        await world.settle()
        key = world.key
        world.hands.emit(key, STARTED, SERVING)
        await world.settle()
        assert world.kubelet.find(key).stage is Stage.REPLACING
        world.hands.emit(key, EXITED, SERVING, exit_code=1)
        await world.advance(4.9)
        assert world.hands.restarted == []
        assert len(world.hands.started) == 1
        await world.advance(0.2)
        assert world.hands.restarted == []
        assert [each.key for each in world.hands.started] == [key, key]

    tell(story)
