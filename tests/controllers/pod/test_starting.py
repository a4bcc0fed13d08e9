"""What a Pod waits for before its replica is started."""

from kfsim.api.core import LocalObjectReference, Secret, SecretVolume, Volume
from kfsim.api.meta import ObjectMeta
from kfsim.replicas.backend import BackendCapabilities, RegistryLogin, ReplicaEventKind
from kfsim.testing.backend import FakeBackend
from kfsim.testing.scaling import SERVING, tell
from tests.controllers.pod.scripts import bare, serving_status

STARTED, FAILED = ReplicaEventKind.STARTED, ReplicaEventKind.FAILED


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
