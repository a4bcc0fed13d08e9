"""GPUs and the life of a Pod: waiting for them, holding them, giving them back."""

from collections.abc import Sequence

import pytest

from kfsim.api.conditions import find_condition
from kfsim.api.core import Container, Pod, PodSpec, ResourceRequirements
from kfsim.api.meta import ObjectMeta
from kfsim.base.errors import Unavailable
from kfsim.controllers.pod import DeviceScheduler
from kfsim.controllers.pod.replica import Stage
from kfsim.replicas.backend import BackendCapabilities, ReplicaEventKind, RunningReplica
from kfsim.replicas.devices import (
    FixedInventory,
    GpuDevice,
    GpuMode,
    GpuSettings,
    GpuUsage,
    make_fake_devices,
)
from kfsim.replicas.node import make_node
from kfsim.testing.backend import FakeBackend
from kfsim.testing.scaling import SERVING, ScalingWorld, key_of, tell

SHORT = "0/1 nodes are available: 1 Insufficient nvidia.com/gpu."
AMD = (
    "0/1 nodes are available: 1 Insufficient amd.com/gpu. kfsim simulates no node with "
    "amd.com/gpu; remove that limit to run here."
)
GONE, FAILED = ReplicaEventKind.GONE, ReplicaEventKind.FAILED


def devices(count, **settings):
    """A maker of a scheduler over so many devices."""
    return lambda: DeviceScheduler(
        inventory=FixedInventory(make_fake_devices(count), problem="No GPU here."),
        settings=GpuSettings(**settings),
    )


class GrowingInventory:
    """Devices that are found look by look."""

    refresh_seconds = 5.0
    problem = "No driver."

    def __init__(self, *counts: int) -> None:
        self._counts = list(counts)
        self._devices: Sequence[GpuDevice] | None = None
        self.looks = 0

    def devices(self):
        return self._devices

    async def refresh(self):
        self.looks += 1
        count = self._counts.pop(0) if len(self._counts) > 1 else self._counts[0]
        self._devices = make_fake_devices(count)

    async def usage(self) -> Sequence[GpuUsage]:
        return ()

    async def close(self):
        pass


def container(name=SERVING, **limits):
    named = {key.replace("__", "/").replace("_", "."): value for key, value in limits.items()}
    return Container(name=name, image="m", resources=ResourceRequirements(limits=named))


def make_pod(world, name, *, gpus=1, **spec):
    each = container(nvidia_com__gpu=gpus) if gpus else container()
    pod = Pod(
        metadata=ObjectMeta(name=name, namespace="default"),
        spec=PodSpec(containers=(each,), **spec),
    )
    return key_of(world.store.create(pod))


def find(world, name):
    return world.store.get(Pod, name, "default")


def given(world):
    """The devices of every started replica, by Pod."""
    return {each.key.name: each.devices.get(SERVING, ()) for each in world.hands.started}


def end(world, name):
    """The user deletes the Pod; its requests are drained at once."""
    key = key_of(find(world, name))
    world.store.delete(Pod, name, "default")
    return key


async def ended(world, name):
    key = end(world, name)
    await world.settle()
    world.gate.finish(key)
    await world.settle()


def test_a_pod_is_started_with_its_devices():
    async def story(world):
        make_pod(world, "a", gpus=2)
        await world.settle()
        assert given(world) == {"a": ("fake-gpu-0", "fake-gpu-1")}
        scheduled = ["Successfully assigned default/a to kfsim with fake-gpu-0, fake-gpu-1"]
        assert world.events("Scheduled") == scheduled

    tell(story, make_devices=devices(2))


def test_a_pod_without_devices_waits_as_on_a_cluster_and_gets_them_when_they_are_free():
    async def story(world):
        make_pod(world, "a")
        await world.settle()
        make_pod(world, "b")
        await world.settle()
        status = find(world, "b").status
        (condition,) = status.conditions
        assert (condition.type, condition.status) == ("PodScheduled", "False")
        assert (condition.reason, condition.message) == ("Unschedulable", SHORT)
        assert (status.phase, status.container_statuses) == ("Pending", ())
        assert (status.host_ip, status.start_time) == (None, None)
        await world.advance(60)
        assert world.events("FailedScheduling") == [SHORT]
        await ended(world, "a")
        assert given(world) == {"a": ("fake-gpu-0",), "b": ("fake-gpu-0",)}
        scheduled = {each.type: each.status for each in find(world, "b").status.conditions}
        assert scheduled["PodScheduled"] == "True"
        waiting = find(world, "b").status.container_statuses[0].state.waiting
        assert waiting.reason == "ContainerCreating"

    tell(story, make_devices=devices(1))


def test_waiting_pods_are_served_in_order():
    async def story(world):
        for name, gpus in (("a", 2), ("b", 2), ("c", 1)):
            make_pod(world, name, gpus=gpus)
            await world.settle()
        await ended(world, "a")
        assert list(given(world)) == ["a", "b"]
        await ended(world, "b")
        assert list(given(world)) == ["a", "b", "c"]

    tell(story, make_devices=devices(2))


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"nvidia_com__gpu": 1}, f"{SHORT} No GPU here."),
        ({"amd_com__gpu": 1}, AMD),
    ],
    ids=["no-gpu", "unknown"],
)
def test_what_can_never_be_met_is_said_with_the_mend(limits, message):
    async def story(world):
        world.store.create(
            Pod(
                metadata=ObjectMeta(name="a", namespace="default"),
                spec=PodSpec(containers=(container(**limits),)),
            )
        )
        await world.advance(1000)
        assert world.pod.status.conditions[0].message == message
        assert world.hands.started == []
        end(world, "a")
        await world.settle()
        assert world.pods() == ()

    tell(story, make_devices=devices(0))


def test_more_than_the_host_has_is_counted_out():
    async def story(world):
        make_pod(world, "a", gpus=3)
        await world.settle()
        text = f"{SHORT} The Pod asks for 3 GPUs, and this host has 2."
        assert world.events("FailedScheduling") == [text]

    tell(story, make_devices=devices(2))


def test_a_pod_that_is_deleted_while_it_waits_makes_room_in_the_queue():
    async def story(world):
        for name, gpus in (("a", 1), ("large", 2), ("small", 1)):
            make_pod(world, name, gpus=gpus)
            await world.settle()
        end(world, "large")
        await world.settle()
        assert given(world) == {"a": ("fake-gpu-0",), "small": ("fake-gpu-1",)}
        assert [each.metadata.name for each in world.pods()] == ["a", "small"]

    tell(story, make_devices=devices(2))


def _lost(world, key):
    world.hands.emit(key, GONE, message="the engine lost it")


def _failed(world, key):
    world.hands.emit(key, ReplicaEventKind.STARTED, SERVING)
    world.hands.emit(key, ReplicaEventKind.EXITED, SERVING, exit_code=1)


@pytest.mark.parametrize("finish", [_lost, _failed])
def test_a_replica_that_ends_by_itself_gives_its_devices_back(finish):
    async def story(world):
        key = make_pod(world, "a", restart_policy="Never")
        await world.settle()
        make_pod(world, "b")
        await world.settle()
        finish(world, key)
        await world.settle()
        assert find(world, "a").status.phase == "Failed"
        assert "b" in given(world)

    tell(story, make_devices=devices(1))


def test_a_refused_start_keeps_its_devices_until_its_pod_goes():
    async def story(world):
        world.hands.start_error = Unavailable("no engine")
        make_pod(world, "a")
        await world.settle()
        make_pod(world, "b")
        await world.settle()
        assert given(world) == {}
        end(world, "a")
        await world.settle()
        assert list(given(world)) == ["b"]

    tell(story, make_devices=devices(1))


def test_a_restart_keeps_the_devices():
    async def story(world):
        key = make_pod(world, "a")
        await world.settle()
        make_pod(world, "b")
        await world.settle()
        _failed(world, key)
        await world.settle()
        assert world.hands.restarted == [(key, SERVING)]
        world.hands.emit(key, FAILED, SERVING, reason="ErrImagePull")
        await world.advance(400)
        assert list(given(world)) == ["a"]

    tell(story, make_devices=devices(1))


def test_the_end_of_draining_frees_devices_once():
    async def story(world):
        key = make_pod(world, "a")
        await world.settle()
        for name in ("b", "c"):
            make_pod(world, name)
            await world.settle()
        world.store.delete(Pod, "a", "default")
        await world.settle()
        assert list(given(world)) == ["a"]  # it still runs
        world.gate.finish(key)
        await world.settle()
        world.hands.emit(key, GONE)
        await world.settle()
        assert list(given(world)) == ["a", "b"]

    tell(story, make_devices=devices(1))


def test_sharing_lets_replicas_meet_on_a_device():
    async def story(world):
        for name in "abc":
            make_pod(world, name)
            await world.settle()
        assert given(world) == {"a": ("fake-gpu-0",), "b": ("fake-gpu-0",)}

    tell(story, make_devices=devices(1, replicas_per_device=2))


def test_ignored_gpus_are_dropped_with_an_event():
    async def story(world):
        make_pod(world, "a", gpus=3)
        make_pod(world, "b", gpus=0)
        await world.settle()
        assert given(world) == {"a": (), "b": ()}
        started = {each.key.name: each.pod for each in world.hands.started}
        assert started["a"].spec.containers[0].resources.limits == {}
        text = "Limits of nvidia.com/gpu are dropped, as gpu: ignore in kfsim.yaml asks"
        assert world.events("GpuIgnored") == [text]

    tell(story, make_devices=devices(0, mode=GpuMode.IGNORE))


def test_nobody_looks_for_devices_before_a_pod_asks_for_one():
    inventory = GrowingInventory(0, 0, 1)

    async def story(world):
        make_pod(world, "plain", gpus=0)
        await world.advance(60)
        assert inventory.looks == 0
        make_pod(world, "a")
        await world.settle()
        assert find(world, "a").status.conditions[0].message == f"{SHORT} No driver."
        await world.advance(9.9)
        assert list(given(world)) == ["plain"]
        await world.advance(0.2)
        assert given(world)["a"] == ("fake-gpu-0",)
        await world.advance(60)
        assert inventory.looks == 3
        assert world.events("FailedScheduling") == [f"{SHORT} No driver."]

    tell(story, make_devices=lambda: DeviceScheduler(inventory=inventory))


def test_a_pod_shows_nothing_until_the_host_was_looked_at():
    async def story(world):
        key = make_pod(world, "a")
        sources = None
        replica = world.kubelet.accept(find(world, "a"), sources, wake_up=False)
        assert (replica.stage, replica.state.unschedulable) == (Stage.UNSCHEDULABLE, "")
        assert replica.notes == []
        assert replica.key == key

    tell(story, make_devices=lambda: DeviceScheduler(inventory=GrowingInventory(1)))


def test_devices_of_running_replicas_are_claimed_before_others_get_any():
    async def story(world):
        make_pod(world, "first")
        await world.settle()
        key, uid = key_of(find(world, "first")), find(world, "first").metadata.uid
        make_pod(world, "second")
        await world.settle()
        await world.close()

        backend = FakeBackend(capabilities=BackendCapabilities(name="fake", adopts=True))
        orphan = key._replace(name="orphan")
        backend.holds_stops = True
        backend.adoptable = [
            RunningReplica(key, uid, {SERVING: ("fake-gpu-1",)}),
            RunningReplica(orphan, "x", {SERVING: ("fake-gpu-0",)}),
        ]
        again = ScalingWorld(backend, store=world.store, devices=devices(2)())
        await again.start()
        assert again.kubelet.find(key).spec.devices == {SERVING: ("fake-gpu-1",)}
        await again.settle()
        # The orphan was stopped, and only then was its device free.
        assert backend.stopped == [(orphan, 2.0)]
        assert [(each.key.name, each.devices) for each in backend.started] == [
            ("second", {SERVING: ("fake-gpu-0",)})
        ]
        # An adopted replica that is lost gives its device back as well.
        make_pod(again, "third")
        await again.settle()
        assert len(backend.started) == 1
        backend.emit(key, GONE)
        await again.settle()
        assert backend.started[1].devices == {SERVING: ("fake-gpu-1",)}
        await again.close()

    tell(story, make_devices=devices(1))


def test_a_replica_that_cannot_be_adopted_gives_its_devices_back():
    async def story(world):
        key = make_pod(world, "first")
        await world.settle()
        uid = find(world, "first").metadata.uid
        await world.close()

        class Forgetful(FakeBackend):
            async def find_running(self):
                return (RunningReplica(key, uid, {SERVING: ("fake-gpu-0",)}),)

        backend = Forgetful(capabilities=BackendCapabilities(name="fake", adopts=True))
        again = ScalingWorld(backend, store=world.store, devices=devices(1)())
        await again.start()
        await again.settle()
        assert [each.devices for each in backend.started] == [{SERVING: ("fake-gpu-0",)}]
        await again.close()

    tell(story, make_devices=devices(1))


def test_an_amount_that_the_api_let_through_keeps_the_pod_pending():
    async def story(world):
        make_pod(world, "a", gpus="1.5")
        await world.settle()
        assert "must be an integer" in find(world, "a").status.conditions[0].message
        end(world, "a")
        await world.settle()
        assert world.pods() == ()

    tell(story, make_devices=devices(1))


def node(cores):
    """A maker of a scheduler for a strict cluster whose node has so many cores."""
    host = make_node("kfsim", cores=cores, memory=2**30, system="Linux", machine="x86_64")
    return lambda: DeviceScheduler(
        inventory=FixedInventory(make_fake_devices(1), problem="No GPU here."), node=host
    )


def make_busy(world, name, cpu, **limits):
    each = container(cpu=cpu, **limits)
    pod = Pod(metadata=ObjectMeta(name=name, namespace="default"), spec=PodSpec(containers=(each,)))
    return key_of(world.store.create(pod))


def test_a_pod_waits_for_cores_that_others_have_asked_for():
    async def story(world):
        make_busy(world, "a", "2")
        await world.settle()
        make_busy(world, "b", "1500m", nvidia_com__gpu=1)
        await world.settle()
        condition = find_condition(find(world, "b").status.conditions, "PodScheduled")
        assert (condition.status, condition.reason) == ("False", "Unschedulable")
        assert condition.message == "0/1 nodes are available: 1 Insufficient cpu."
        assert world.events("FailedScheduling") == [condition.message]
        # It holds no device meanwhile.
        make_pod(world, "c")
        await world.settle()
        assert given(world) == {"a": (), "c": ("fake-gpu-0",)}
        await ended(world, "c")
        await ended(world, "a")
        assert given(world)["b"] == ("fake-gpu-0",)

    tell(story, make_devices=node(3))


def test_a_selector_that_the_host_does_not_match_is_pending():
    async def story(world):
        make_pod(world, "a", gpus=0, node_selector={"disk": "ssd"})
        make_pod(world, "b", gpus=0, node_selector={"kubernetes.io/os": "linux"})
        await world.settle()
        unmatched = "1 node(s) didn't match Pod's node affinity/selector."
        assert world.events("FailedScheduling") == [f"0/1 nodes are available: {unmatched}"]
        assert given(world) == {"b": ()}

    tell(story, make_devices=node(1))


def test_without_strictness_requests_and_selectors_never_block():
    async def story(world):
        make_busy(world, "a", "2000")
        make_pod(world, "b", gpus=0, node_selector={"disk": "ssd"})
        await world.settle()
        assert given(world) == {"a": (), "b": ()}

    tell(story, make_devices=devices(0))


def labelled(world, name, app, **affinity):
    spec = PodSpec(containers=(container(),), affinity=affinity or None)
    metadata = ObjectMeta(name=name, namespace="default", labels={"app": app})
    world.store.create(Pod(metadata=metadata, spec=spec))


def required(app):
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": app}}}
    return {"requiredDuringSchedulingIgnoredDuringExecution": [term]}


def test_a_pod_waits_for_its_company_and_for_those_it_avoids_to_go():
    async def story(world):
        labelled(world, "near", "api", podAffinity=required("web"))
        await world.settle()
        assert given(world) == {}
        assert world.events("FailedScheduling") == [
            "0/1 nodes are available: 1 node(s) didn't match pod affinity rules."
        ]
        labelled(world, "web", "web")
        await world.settle()
        assert given(world) == {"web": (), "near": ()}
        labelled(world, "apart", "cache", podAntiAffinity=required("api"))
        await world.settle()
        assert "apart" not in given(world)
        await ended(world, "near")
        assert "apart" in given(world)

    tell(story, make_devices=node(4))
