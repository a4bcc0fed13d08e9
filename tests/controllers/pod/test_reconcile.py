from kfsim.api.core import Container, ContainerPort, Pod, PodSpec
from kfsim.api.meta import ObjectMeta, owner_reference
from kfsim.controllers.pod.reconcile import recover
from kfsim.replicas.backend import BackendCapabilities, ReplicaEventKind, RunningReplica
from kfsim.testing.backend import FakeBackend
from kfsim.testing.scaling import SERVING, ScalingWorld, tell

ADOPTING = BackendCapabilities(name="fake", adopts=True)


def make_pod(world, name="lonely", **metadata):
    container = Container(name=SERVING, ports=(ContainerPort(container_port=8080),))
    return world.store.create(
        Pod(
            metadata=ObjectMeta(name=name, namespace="default", **metadata),
            spec=PodSpec(containers=(container,)),
        )
    )


def test_a_users_own_pod_runs_and_is_drained_like_any_other():
    async def story(world):
        make_pod(world)
        await world.settle()
        assert world.pod.metadata.finalizers == ("kfsim.dev/replica",)
        assert [each.key for each in world.hands.started] == [world.key]
        key = world.key
        world.hands.emit(key, ReplicaEventKind.STARTED, SERVING)
        await world.settle()
        assert world.pod.status.phase == "Running"
        assert world.pod.status.pod_ip == "127.0.0.1"
        world.store.delete(Pod, "lonely", "default")
        await world.settle()
        world.gate.finish(key)
        await world.settle()
        assert world.pods() == ()

    tell(story)


def test_a_record_that_vanished_ends_its_replica():
    async def story(world):
        make_pod(world)
        await world.settle()
        key = world.key
        current = world.pod
        world.store.update(current.replaced(metadata=current.metadata.replaced(finalizers=())))
        world.store.delete(Pod, "lonely", "default")
        await world.settle()
        world.gate.finish(key)
        await world.settle()
        assert [each for each, _ in world.hands.stopped] == [key]
        assert world.kubelet.find(key) is None

    tell(story)


def test_a_pod_without_containers_is_left_alone():
    async def story(world):
        world.store.create(Pod(metadata=ObjectMeta(name="empty", namespace="default")))
        await world.settle()
        assert world.pod.status.phase is None
        assert world.hands.started == []

    tell(story)


async def restarted(world, backend):
    """Another daemon over the same store."""
    await world.close()
    again = ScalingWorld(backend, store=world.store)
    await again.start()
    await again.settle()
    return again


def test_pods_of_an_earlier_daemon_are_remade_by_their_deployment():
    async def story(world):
        world.apply_revision()
        await world.settle()
        stale = world.key
        backend = FakeBackend()
        again = await restarted(world, backend)
        assert again.key != stale
        assert [each.key for each in backend.started] == [again.key]
        assert "kfsim.dev/wake-up" not in again.pod.metadata.annotations
        await again.close()

    tell(story)


def test_a_pod_without_an_owner_is_started_anew():
    async def story(world):
        make_pod(world)
        await world.settle()
        backend = FakeBackend()
        again = await restarted(world, backend)
        assert [each.key for each in backend.started] == [again.key]
        assert again.pod.metadata.name == "lonely"
        await again.close()

    tell(story)


def test_a_pod_that_was_leaving_is_gone():
    async def story(world):
        make_pod(world)
        await world.settle()
        world.store.delete(Pod, "lonely", "default")
        await world.settle()
        again = await restarted(world, FakeBackend())
        assert again.pods() == ()
        await again.close()

    tell(story)


def test_running_replicas_are_adopted_and_unknown_ones_stopped():
    async def story(world):
        world.apply_revision()
        await world.settle()
        key, uid = world.key, world.pod.metadata.uid
        world.hands.emit(key, ReplicaEventKind.STARTED, SERVING)
        world.hands.ready(key, SERVING)
        await world.advance(0.1)
        await world.close()

        backend = FakeBackend(capabilities=ADOPTING)
        backend.ready(key, SERVING)
        orphan = key._replace(name="orphan")
        backend.adoptable = [RunningReplica(key, uid), RunningReplica(orphan, "x")]
        again = ScalingWorld(backend, store=world.store)
        await again.start()
        await again.advance(0.1)
        assert again.key == key
        assert backend.started == []
        assert [(each.key, each.uid) for each in backend.adopted] == [(key, uid)]
        assert [each for each, _ in backend.stopped] == [orphan]
        assert len(again.private_endpoints().subsets) == 1
        assert again.pod.status.container_statuses[0].restart_count == 0
        await again.close()

    tell(story)


def test_recovery_removes_a_childs_finalizer_only_once():
    async def story(world):
        world.apply_revision(replicas=0)
        await world.settle()
        owner = owner_reference(world.deployment)
        make_pod(world, "kept", owner_references=(owner,), finalizers=("other.dev/x",))
        await recover(world.store, world.kubelet, world.hands)
        left = world.store.get(Pod, "kept", "default")
        assert left.metadata.finalizers == ("other.dev/x",)
        assert left.metadata.deletion_timestamp is not None

    tell(story)
