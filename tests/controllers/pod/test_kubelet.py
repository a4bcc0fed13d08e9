"""Which replica what happens is about, from its Pod's acceptance to its end."""

from kfsim.controllers.pod.replica import Stage
from kfsim.replicas.backend import ReplicaEventKind
from kfsim.testing.scaling import SERVING, tell

STARTED, GONE = ReplicaEventKind.STARTED, ReplicaEventKind.GONE


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
