"""What a Pod waits for before its replica is started."""

import pytest

from kfsim.api.core import Container, LocalObjectReference, Pod, Secret, SecretVolume, Volume
from kfsim.api.meta import ObjectMeta
from kfsim.replicas.backend import BackendCapabilities, RegistryLogin, ReplicaEventKind
from kfsim.testing.backend import FakeBackend
from kfsim.testing.scaling import SERVING, tell
from tests.controllers.pod.scripts import bare, serving_status

STARTED, FAILED = ReplicaEventKind.STARTED, ReplicaEventKind.FAILED
GONE = ReplicaEventKind.GONE


def login_secret():
    config = '{"auths": {"r": {"username": "u", "password": "p"}}}'
    return Secret(
        metadata=ObjectMeta(name="login", namespace="default"),
        type="kubernetes.io/dockerconfigjson",
        string_data={".dockerconfigjson": config},
    )


def pulling_backend(clock):
    return FakeBackend(capabilities=BackendCapabilities(name="fake", uses_images=True))


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


def test_a_missing_secret_volume_keeps_the_pod_creating():
    async def story(world):
        volumes = (Volume(name="v", secret=SecretVolume(secret_name="keys")),)
        world.apply_revision(spec=bare(volumes=volumes))
        await world.settle()
        waiting = serving_status(world).state.waiting
        assert waiting.reason == "ContainerCreating"
        text = 'MountVolume.SetUp failed for volume "v" : secret "keys" not found; '
        mend = "apply it, or fill it in kfsim.yaml: secrets: {default/keys: "
        text += mend + '{KEY: "${NAME}"}}'
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


def begun(world):
    return [each.key.name for each in world.hands.started]


async def create_pods(world, *names):
    for name in names:
        world.store.create(Pod(metadata=ObjectMeta(name=name, namespace="default"), spec=bare()))
        await world.settle()


def _is_ready(world, key):
    world.hands.emit(key, STARTED, SERVING)


def _has_failed(world, key):
    world.hands.emit(key, FAILED, SERVING, reason="NeedsDocker", message="no")


def _is_lost(world, key):
    world.hands.emit(key, GONE)


def _is_deleted(world, key):
    world.store.delete(Pod, key.name, "default")


@pytest.mark.parametrize("over", [_is_ready, _has_failed, _is_lost, _is_deleted])
def test_a_start_that_is_over_gives_its_place_to_one(over):
    async def story(world):
        await create_pods(world, "a", "b", "c")
        assert begun(world) == ["a"]
        over(world, world.hands.started[0].key)
        await world.settle()
        assert begun(world) == ["a", "b"]

    tell(story, start_limit=1)


def test_a_queued_pod_says_so_and_loses_its_turn_when_it_is_deleted():
    async def story(world):
        await create_pods(world, "a", "b", "c")
        queued = world.store.get(Pod, "b", "default").status.container_statuses[0].state.waiting
        text = "1 other replicas are starting; this one is in the queue"
        assert (queued.reason, queued.message) == ("ContainerCreating", text)
        world.store.delete(Pod, "b", "default")
        await world.settle()
        assert begun(world) == ["a"]
        assert world.store.find(Pod, "b", "default") is None
        world.hands.emit(world.hands.started[0].key, STARTED, SERVING)
        await world.settle()
        assert begun(world) == ["a", "c"]

    tell(story, start_limit=1)


def test_a_start_that_takes_long_keeps_its_place_for_thirty_seconds():
    async def story(world):
        await create_pods(world, "a", "b")
        await world.advance(29.9)
        assert begun(world) == ["a"]
        await world.advance(0.2)
        assert begun(world) == ["a", "b"]

    tell(story, start_limit=1)


def test_an_init_container_that_ended_well_keeps_the_place_of_its_replica():
    async def story(world):
        world.store.create(
            Pod(
                metadata=ObjectMeta(name="a", namespace="default"),
                spec=bare(init_containers=(Container(name="fetch"),)),
            )
        )
        await world.settle()
        await create_pods(world, "b")
        key = world.hands.started[0].key
        world.hands.emit(key, ReplicaEventKind.INIT_STARTED, "fetch")
        world.hands.emit(key, ReplicaEventKind.INIT_EXITED, "fetch", exit_code=0)
        await world.settle()
        assert begun(world) == ["a"]

    tell(story, start_limit=1)
