"""Which replica what happens is about, from its Pod's acceptance to its end."""

from kfsim.api.core import Container, Pod, PodSpec, SecretVolume, Volume
from kfsim.api.meta import ObjectMeta
from kfsim.base.types import ReplicaKey
from kfsim.controllers.pod.reconcile import StoreSources
from kfsim.controllers.pod.replica import Stage
from kfsim.replicas.backend import ReplicaEventKind
from kfsim.testing.scaling import SERVING, tell

STARTED, GONE = ReplicaEventKind.STARTED, ReplicaEventKind.GONE


def named_pod(**spec):
    return Pod(
        metadata=ObjectMeta(name="mine", namespace="default"),
        spec=PodSpec(containers=(Container(name=SERVING),), **spec),
    )


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


def test_what_an_earlier_replica_of_that_name_tells_is_ignored():
    async def story(world):
        world.store.create(named_pod())
        await world.settle()
        world.hands.emit(world.key, GONE)
        world.store.delete(Pod, "mine", "default")
        await world.settle()
        secret = Volume(name="v", secret=SecretVolume(secret_name="keys"))
        world.store.create(named_pod(volumes=(secret,)))
        await world.settle()
        held = world.kubelet.find(world.key)
        assert held.stage is Stage.HELD
        before = held.state
        world.hands.emit(world.key, STARTED, SERVING)  # with the uid of the first one
        world.hands.emit(world.key, GONE)
        await world.settle()
        assert world.kubelet.find(world.key) is held
        assert held.state is before
        assert world.events("Started") == []

    tell(story)


def test_a_second_end_changes_nothing():
    async def story(world):
        world.store.create(named_pod(termination_grace_period_seconds=7))
        await world.settle()
        replica = world.kubelet.find(world.key)
        for _ in range(2):
            world.kubelet.terminate(replica)
        assert [(each.replica, each.grace) for each in world.gate.begun] == [(world.key, 7.0)]
        world.gate.finish(world.key)
        world.kubelet.terminate(replica)
        await world.settle()
        assert world.hands.stopped == [(world.key, 7.0)]

    tell(story)


def test_what_cannot_be_adopted_is_not_in_the_book():
    async def story(world):
        assert not world.kubelet.adopt(named_pod(), StoreSources(world.store, "default"))
        assert world.kubelet.find(ReplicaKey("default", "mine")) is None

    tell(story)
