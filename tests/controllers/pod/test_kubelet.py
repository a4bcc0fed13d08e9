"""What the kubelet does beyond the stories: queues, failures, policies, ends."""

import pytest

from kfsim.api.core import Container, PodSpec, Secret, SecretVolume, Volume
from kfsim.api.meta import ObjectMeta
from kfsim.base.errors import Unavailable
from kfsim.controllers.pod.replica import Stage
from kfsim.replicas.backend import ReplicaEventKind
from kfsim.testing.scaling import SERVING, tell

STARTED, EXITED = ReplicaEventKind.STARTED, ReplicaEventKind.EXITED
FAILED, GONE = ReplicaEventKind.FAILED, ReplicaEventKind.GONE


def serving_status(world):
    return world.pod.status.container_statuses[0]


def bare(**spec):
    """A Pod template whose container is not probed, so that it serves while it runs."""
    return PodSpec(containers=(Container(name=SERVING),), **spec)


def test_a_start_that_is_refused_is_tried_again_after_ten_seconds():
    async def story(world):
        world.hands.start_error = Unavailable("no engine: start it")
        world.apply_revision()
        await world.settle()
        waiting = serving_status(world).state.waiting
        assert (waiting.reason, waiting.message) == ("CreateContainerError", "no engine: start it")
        assert world.events("Failed") == ["Error: CreateContainerError: no engine: start it"]
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


def test_an_image_that_cannot_be_pulled_is_held_back():
    async def story(world):
        world.apply_revision()
        await world.settle()
        world.hands.emit(world.key, FAILED, SERVING, reason="ErrImagePull", message="not found")
        await world.settle()
        assert serving_status(world).state.waiting.reason == "ImagePullBackOff"
        await world.advance(10.1)
        assert world.hands.restarted == [(world.key, SERVING)]

    tell(story)


def test_a_failure_of_the_whole_replica_is_the_serving_containers():
    async def story(world):
        world.apply_revision()
        await world.settle()
        world.hands.emit(world.key, FAILED, "", reason="CreateContainerError", message="no room")
        await world.settle()
        assert serving_status(world).state.waiting.message == "no room"

    tell(story)


def test_a_missing_secret_volume_keeps_the_pod_creating():
    async def story(world):
        volumes = (Volume(name="v", secret=SecretVolume(secret_name="keys")),)
        world.apply_revision(spec=bare(volumes=volumes))
        await world.settle()
        waiting = serving_status(world).state.waiting
        assert waiting.reason == "ContainerCreating"
        text = 'MountVolume.SetUp failed for volume "v" : secret "keys" not found'
        assert world.events("FailedMount") == [text]
        assert world.kubelet.held_in("default") == (world.key,)
        world.store.create(
            Secret(metadata=ObjectMeta(name="keys", namespace="default"), string_data={"a": "1"})
        )
        await world.settle()
        assert world.hands.started[0].files == {"v": {"a": b"1"}}
        assert world.kubelet.held_in("default") == ()

    tell(story)


def test_a_held_pod_can_be_deleted():
    async def story(world):
        volumes = (Volume(name="v", secret=SecretVolume(secret_name="keys")),)
        world.apply_revision(spec=bare(volumes=volumes), replicas=1)
        await world.settle()
        world.store.delete(type(world.deployment), world.deployment.metadata.name, "default")
        await world.settle()
        assert world.pods() == ()
        assert world.kubelet.held_in("default") == ()

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


def test_what_a_replica_tells_after_its_end_is_ignored():
    async def story(world):
        world.apply_revision()
        await world.settle()
        replica = world.kubelet.find(world.key)
        world.hands.emit(world.key, GONE)
        await world.settle()
        assert replica.stage is Stage.ENDED
        world.hands.emit(replica.key, STARTED, SERVING)
        await world.settle()
        assert world.kubelet.find(replica.key) is None

    tell(story)


def test_a_pod_that_ends_while_draining_is_let_go():
    async def story(world):
        world.apply_revision()
        await world.settle()
        key = world.key
        world.store.delete(type(world.pod), key.name, "default")
        await world.settle()
        world.hands.emit(key, GONE)
        await world.settle()
        assert world.hands.stopped == []
        assert key.name not in [each.metadata.name for each in world.pods()]
        world.gate.finish(key)  # too late to matter
        await world.settle()
        assert world.hands.stopped == []

    tell(story)
