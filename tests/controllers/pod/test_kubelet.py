"""What the kubelet does beyond the stories: queues, failures, policies, ends."""

import pytest

from kfsim.api.core import (
    Container,
    LocalObjectReference,
    PodSpec,
    Secret,
    SecretVolume,
    Volume,
)
from kfsim.api.meta import ObjectMeta
from kfsim.base.errors import Unavailable
from kfsim.controllers.pod.replica import Stage
from kfsim.replicas.backend import BackendCapabilities, RegistryLogin, ReplicaEventKind
from kfsim.testing.backend import FakeBackend
from kfsim.testing.scaling import SERVING, tell

STARTED, EXITED = ReplicaEventKind.STARTED, ReplicaEventKind.EXITED
FAILED, GONE = ReplicaEventKind.FAILED, ReplicaEventKind.GONE


def serving_status(world):
    return world.pod.status.container_statuses[0]


def bare(**spec):
    """A Pod template whose container is not probed, so that it serves while it runs."""
    return PodSpec(containers=(Container(name=SERVING),), **spec)


def login_secret():
    config = '{"auths": {"r": {"username": "u", "password": "p"}}}'
    return Secret(
        metadata=ObjectMeta(name="login", namespace="default"),
        type="kubernetes.io/dockerconfigjson",
        string_data={".dockerconfigjson": config},
    )


def pulling_backend(clock):
    return FakeBackend(capabilities=BackendCapabilities(name="fake", uses_images=True))


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


def test_logins_of_pull_secrets_reach_a_backend_that_pulls():
    async def story(world):
        world.store.create(login_secret())
        secrets = (LocalObjectReference(name="login"), LocalObjectReference(name="gone"))
        world.apply_revision(spec=bare(image_pull_secrets=secrets))
        await world.settle()
        assert world.backend.started[0].registries == {"r": RegistryLogin("u", "p")}
        (told,) = world.events("FailedToRetrieveImagePullSecret")
        assert told.startswith("Unable to retrieve some image pull secrets (gone);")

    tell(story, make_backend=pulling_backend)


def test_a_secret_that_comes_later_is_used_by_the_next_pull():
    async def story(world):
        secrets = (LocalObjectReference(name="login"),)
        world.apply_revision(spec=bare(image_pull_secrets=secrets))
        await world.settle()
        world.backend.emit(world.key, FAILED, SERVING, reason="ErrImagePull", message="denied")
        await world.advance(5)
        world.store.create(login_secret())
        await world.advance(4.9)
        assert len(world.backend.started) == 1
        await world.advance(0.2)
        assert world.backend.started[1].registries == {"r": RegistryLogin("u", "p")}
        world.backend.emit(world.key, FAILED, SERVING, reason="ErrImagePull", message="denied")
        await world.advance(20.1)
        assert len(world.backend.started) == 2  # the secret is the same: an ordinary attempt
        assert world.backend.restarted == [(world.key, SERVING)]
        world.backend.emit(world.key, STARTED, SERVING)
        await world.settle()
        assert serving_status(world).ready
        assert serving_status(world).restart_count == 0

    tell(story, make_backend=pulling_backend)


def test_a_backend_without_images_is_given_no_logins():
    async def story(world):
        secrets = (LocalObjectReference(name="gone"),)
        world.apply_revision(spec=bare(image_pull_secrets=secrets))
        await world.settle()
        assert world.hands.started[0].registries == {}
        assert world.events("FailedToRetrieveImagePullSecret") == []

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
