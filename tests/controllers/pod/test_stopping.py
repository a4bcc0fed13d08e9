"""The way down: drained, preStop hooks, the backend's stop."""

from kfsim.api.core import Pod
from kfsim.controllers.pod.replica import Stage
from kfsim.replicas.backend import ReplicaEventKind
from kfsim.testing.scaling import SERVING, tell
from tests.controllers.pod.scripts import FAILED_HOOK, hooked

STARTED, GONE = ReplicaEventKind.STARTED, ReplicaEventKind.GONE


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


async def _stop_ready(world, *, drained_after=0.0):
    await world.settle()
    world.hands.emit(world.key, STARTED, SERVING)
    await world.settle()
    key = world.key
    world.store.delete(type(world.pod), key.name, "default")
    await world.settle()
    await world.advance(drained_after)
    world.gate.finish(key)
    await world.settle()
    return key


def test_a_pre_stop_hook_runs_between_the_drain_and_the_stop():
    async def story(world):
        world.apply_revision(spec=hooked(None, {"sleep": {"seconds": 5}}, grace=20))
        key = await _stop_ready(world, drained_after=4)
        assert world.private_endpoints().subsets == ()
        await world.advance(4.9)
        assert world.hands.stopped == []
        await world.advance(0.2)
        assert world.hands.stopped == [(key, 11.0)]

    tell(story)


def test_a_pre_stop_hook_that_takes_too_long_leaves_two_seconds():
    async def story(world):
        world.apply_revision(spec=hooked(None, {"sleep": {"seconds": 60}}, grace=20))
        key = await _stop_ready(world)
        await world.advance(19.9)
        assert world.hands.stopped == []
        await world.advance(0.2)
        assert world.hands.stopped == [(key, 2.0)]
        assert world.events("FailedPreStopHook") == []

    tell(story)


def test_a_failed_pre_stop_hook_is_told_and_stops_nothing_from_ending():
    async def story(world):
        world.hands.exec_results[FAILED_HOOK] = (3, b"")
        world.hands.holds_stops = True
        world.apply_revision(spec=hooked(None, {"exec": {"command": FAILED_HOOK}}, grace=20))
        key = await _stop_ready(world)
        assert world.hands.stopped == [(key, 20.0)]
        assert world.events("FailedPreStopHook") == ["PreStopHook failed"]

    tell(story)


def test_a_replica_that_ends_by_itself_during_its_pre_stop_hook_is_let_go():
    async def story(world):
        world.apply_revision(spec=hooked(None, {"sleep": {"seconds": 60}}))
        key = await _stop_ready(world)
        world.hands.emit(key, ReplicaEventKind.GONE)
        await world.advance(100)
        assert world.hands.stopped == []
        assert key.name not in [each.metadata.name for each in world.pods()]

    tell(story)


ALIVE = {"tcpSocket": {"port": 1}, "periodSeconds": 1, "failureThreshold": 1}


def test_a_replacement_is_not_drained():
    async def story(world):
        world.apply_revision(spec=hooked(grace=20, livenessProbe=ALIVE))
        await world.settle()
        world.hands.emit(world.key, STARTED, SERVING)
        await world.settle()
        assert world.hands.stopped == [(world.key, 20.0)]
        assert world.gate.begun == []

    tell(story)


def test_a_pod_that_is_deleted_while_it_is_replaced_is_stopped_once():
    async def story(world):
        pre_stop = {"sleep": {"seconds": 5}}
        spec = hooked(None, pre_stop, grace=20, livenessProbe=ALIVE)
        world.apply_revision(spec=spec)
        await world.settle()
        world.hands.emit(world.key, STARTED, SERVING)
        await world.advance(1)
        key = world.key
        assert world.kubelet.find(key).stage is Stage.REPLACING
        world.store.delete(Pod, key.name, "default")
        await world.advance(10)  # the hook of the replacement was given up
        assert world.hands.stopped == []
        world.gate.finish(key)
        await world.advance(20)
        assert world.hands.stopped == [(key, 5.0)]
        assert [each.key for each in world.hands.started].count(key) == 1

    tell(story)


def test_a_drain_that_used_the_grace_period_up_leaves_two_seconds_and_no_hook():
    async def story(world):
        world.apply_revision(spec=hooked(None, {"exec": {"command": FAILED_HOOK}}, grace=3))
        key = await _stop_ready(world, drained_after=3)
        assert world.hands.stopped == [(key, 2.0)]
        assert world.hands.execs == []

    tell(story)


def _probed(pre_stop=None, **fields):
    ready = {"tcpSocket": {"port": 1}, "periodSeconds": 1}
    return hooked(None, pre_stop, grace=20, readinessProbe=ready, **fields)


def test_a_replica_that_drains_is_not_probed():
    async def story(world):
        world.apply_revision(spec=_probed())
        await world.settle()
        world.hands.emit(world.key, STARTED, SERVING)
        await world.advance(1)
        world.store.delete(Pod, world.key.name, "default")
        await world.settle()
        asked = len(world.hands.probes)
        assert asked
        await world.advance(10)
        assert len(world.hands.probes) == asked

    tell(story)


def test_a_replica_that_is_replaced_is_not_probed():
    async def story(world):
        world.apply_revision(spec=_probed({"sleep": {"seconds": 10}}, livenessProbe=ALIVE))
        await world.settle()
        world.hands.emit(world.key, STARTED, SERVING)
        await world.settle()
        asked = len(world.hands.probes)
        assert asked
        await world.advance(9.9)
        assert world.kubelet.find(world.key).stage is Stage.REPLACING
        assert len(world.hands.probes) == asked

    tell(story)
