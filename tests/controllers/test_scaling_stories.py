"""A revision's life through the four controllers below it, in virtual time."""

import asyncio

from kfsim.api.core import ConfigMap, Container, EnvFromRef, EnvFromSource, Pod, PodSpec, Probe
from kfsim.api.meta import ObjectMeta
from kfsim.base.entropy import SeededEntropy
from kfsim.base.types import RevisionKey
from kfsim.replicas.backend import ReplicaEventKind
from kfsim.simulation.backend import SimulatedBackend
from kfsim.simulation.scripts import ReplicaScript
from kfsim.testing.scaling import REVISION, SERVING, reason_of, tell


def simulated(script):
    return lambda clock: SimulatedBackend(clock=clock, entropy=SeededEntropy(2), default=script)


def test_a_revision_comes_up_and_is_listed():
    async def story(world):
        world.apply_revision()
        await world.settle()
        assert world.pod.status.phase == "Pending"
        assert reason_of(world.pa, "SKSReady")[0] == "Unknown"
        assert [each.key for each in world.backend.started] == [world.key]
        assert [each.name for each in world.backend.pod(world.key).spec.containers] == [SERVING]
        world.backend.emit(world.key, ReplicaEventKind.STARTED, SERVING)
        await world.settle()
        ready = [each.ready for each in world.pod.status.container_statuses]
        assert ready == [True, False]  # 1/2: runs, but does not answer yet
        assert world.private_endpoints().subsets == ()
        world.backend.ready(world.key, SERVING)
        await world.advance(0.02)
        assert [each.ready for each in world.pod.status.container_statuses] == [True, True]
        (subset,) = world.private_endpoints().subsets
        assert subset.addresses[0].target_ref.name == world.pod.metadata.name
        assert (subset.addresses[0].ip, subset.ports[0].port) == ("127.0.0.1", 20_000)
        assert reason_of(world.pa, "Ready") == ("True", None)
        assert reason_of(world.sks, "Ready") == ("True", None)
        assert (world.pa.status.desired_scale, world.pa.status.actual_scale) == (-1, 1)
        assert reason_of(world.deployment, "Progressing") == ("True", "NewReplicaSetAvailable")
        assert world.events("Started") == [f"Started container {SERVING}"]

    tell(story)


def test_a_second_reconcile_of_everything_writes_nothing():
    async def story(world):
        world.apply_revision()
        await world.advance(0.1)
        world.backend.emit(world.key, ReplicaEventKind.STARTED, SERVING)
        world.backend.ready(world.key, SERVING)
        await world.advance(0.1)
        version = world.store.resource_version
        for controller in world.controllers:
            for watch in controller.watches:
                for entry in world.store.entries(watch.model):
                    for key in watch.keys_of(entry):
                        world.dispatcher.enqueue(controller.name, key)
        await world.settle()
        assert world.store.resource_version == version

    tell(story)


def test_a_crashing_container_is_restarted_at_once_then_held_back_longer_and_longer():
    async def story(world):
        world.apply_revision()
        await world.settle()
        backend, key = world.backend, world.key
        for delay in (0, 10, 20, 40):
            backend.emit(key, ReplicaEventKind.STARTED, SERVING)
            await world.settle()
            restarts = len(backend.restarted)
            backend.emit(key, ReplicaEventKind.EXITED, SERVING, exit_code=1, message="boom")
            await world.settle()
            if delay:
                state = world.pod.status.container_statuses[0]
                assert state.state.waiting.reason == "CrashLoopBackOff"
                assert state.state.waiting.message.startswith(f"back-off {delay}s restarting")
                assert state.last_state.terminated.message == "boom"
                await world.advance(delay - 0.5)
                assert len(backend.restarted) == restarts
                await world.advance(0.6)
            assert len(backend.restarted) == restarts + 1
        assert world.pod.status.container_statuses[0].restart_count == 3
        assert len(world.events("BackOff")) == 1  # the same event, counted

    tell(story)


def test_a_deleted_pod_leaves_the_endpoints_is_drained_and_only_then_stopped():
    async def story(world):
        world.apply_revision()
        await world.settle()
        key = world.key
        world.backend.emit(key, ReplicaEventKind.STARTED, SERVING)
        world.backend.ready(key, SERVING)
        await world.advance(0.1)
        world.store.delete(Pod, key.name, key.namespace)
        await world.settle()
        assert [each.replica for each in world.gate.begun] == [key]
        assert world.backend.stopped == []
        subsets = world.private_endpoints().subsets
        assert subsets == ()  # the replacement is not ready yet
        assert len(world.pods()) == 2
        await world.advance(5)
        world.gate.finish(key)
        await world.settle()
        assert world.backend.stopped == [(key, 25.0)]
        assert key not in [(each.metadata.namespace, each.metadata.name) for each in world.pods()]
        assert world.events("Killing") == [f"Stopping container {SERVING}"]

    tell(story)


def test_a_lost_replica_is_replaced_at_once():
    async def story(world):
        world.apply_revision()
        await world.settle()
        lost = world.key
        world.backend.emit(lost, ReplicaEventKind.STARTED, SERVING)
        await world.settle()
        world.backend.emit(lost, ReplicaEventKind.GONE)
        await world.settle()
        assert world.key != lost
        assert [each.key for each in world.backend.started] == [lost, world.key]
        assert world.events("ReplicaLost")

    tell(story)


def test_no_traffic_takes_a_revision_to_zero_and_a_poke_wakes_it():
    async def story(world):
        world.apply_revision()
        await world.advance(1.5)
        assert reason_of(world.pa, "Active") == ("True", None)
        await world.run_seconds(10, concurrency=1.0)
        assert world.deployment.spec.replicas == 1
        assert world.sks.spec.mode == "Proxy"  # 100 requests fit one pod, 211 more do not
        world.sink.activator_answers[REVISION] = True
        stopped = world.clock.now()
        while world.deployment.spec.replicas:
            await world.run_seconds(1, concurrency=0.0)
        assert 58 <= world.clock.now() - stopped <= 66
        assert reason_of(world.pa, "Active") == ("False", "NoTraffic")
        for drain in list(world.gate.pending):
            world.gate.finish(drain)
        await world.advance(1)
        assert world.pods() == ()
        await world.advance(100)
        assert world.scaling.awake == 0
        woken = world.clock.now()
        world.source.poke(REVISION)
        await world.settle()
        assert world.clock.now() == woken
        assert world.backend.replicas == (world.key,)
        assert reason_of(world.pa, "Active") == ("Unknown", "Queued")
        await world.advance(0.515)
        assert reason_of(world.pa, "Active") == ("True", None)
        assert len(world.private_endpoints().subsets) == 1

    tell(story, make_backend=simulated(ReplicaScript(schedule=0, initialize=0, load=0.5)))


def test_load_scales_out_and_in_again():
    async def story(world):
        world.apply_revision(annotations={"autoscaling.knative.dev/target": "1"})
        await world.advance(1.5)
        await world.run_seconds(10, concurrency=3.0)
        assert world.deployment.spec.replicas == 5  # 3 / 0.7
        await world.run_seconds(2, concurrency=3.0)
        assert len(world.private_endpoints().subsets) == 5
        assert world.pa.status.actual_scale == 5
        await world.run_seconds(130, concurrency=0.5)
        assert world.deployment.spec.replicas == 1
        assert len(world.gate.begun) == 4

    tell(story, make_backend=simulated(ReplicaScript(schedule=0, initialize=0, load=0.5)))


def test_starts_take_turns_and_wake_ups_go_first():
    async def story(world):
        names = [f"r{number}-00001" for number in range(4)]
        for name in names:
            world.apply_revision(RevisionKey("default", name))
        await world.settle()
        assert len(world.backend.started) == 2
        queued = [
            each for each in world.pods() if each.status.container_statuses[0].state.waiting.message
        ]
        assert len(queued) == 2
        first = world.backend.started[0].key
        world.backend.emit(first, ReplicaEventKind.STARTED, SERVING)
        world.backend.ready(first, SERVING)
        await world.advance(0.02)
        assert len(world.backend.started) == 3
        await world.advance(31)
        assert len(world.backend.started) == 4

    tell(story, start_limit=2)


def test_a_missing_config_map_holds_the_pod_until_it_appears():
    async def story(world):
        container = Container(
            name=SERVING, env_from=(EnvFromSource(config_map_ref=EnvFromRef(name="settings")),)
        )
        world.apply_revision(container=container)
        await world.settle()
        waiting = world.pod.status.container_statuses[0].state.waiting
        assert waiting.reason == "CreateContainerConfigError"
        assert waiting.message == 'configmap "settings" not found'
        assert world.events("Failed") == ['Error: configmap "settings" not found']
        world.store.create(
            ConfigMap(
                metadata=ObjectMeta(name="settings", namespace="default"), data={"MODE": "fast"}
            )
        )
        await world.settle()
        (spec,) = world.backend.started
        (variable,) = spec.pod.spec.containers[0].env
        assert (variable.name, variable.value) == ("MODE", "fast")

    tell(story)


def test_a_failed_liveness_probe_replaces_the_replica_in_place():
    async def story(world):
        probe = Probe(period_seconds=5, failure_threshold=2, tcp_socket=None)
        world.apply_revision(container=Container(name=SERVING, liveness_probe=probe))
        await world.settle()
        name = world.pod.metadata.name
        world.backend.emit(world.key, ReplicaEventKind.STARTED, SERVING)
        await world.advance(6)
        assert world.events("Killing") == [
            f"Container {SERVING} failed liveness probe, will be restarted"
        ]
        assert [key for key, _ in world.backend.stopped] == [world.key]
        assert len(world.backend.started) == 2
        world.backend.emit(world.key, ReplicaEventKind.STARTED, SERVING)
        await world.settle()
        assert world.pod.metadata.name == name
        assert world.pod.status.container_statuses[0].restart_count == 1

    tell(story)


def test_init_containers_show_their_progress():
    async def story(world):
        spec = PodSpec(
            init_containers=(Container(name="storage-initializer"),),
            containers=(Container(name=SERVING), Container(name="queue-proxy")),
        )
        world.apply_revision(spec=spec)
        await world.advance(0.2)
        (init,) = world.pod.status.init_container_statuses
        assert init.state.running is not None
        await world.advance(0.3)
        (init,) = world.pod.status.init_container_statuses
        assert (init.ready, init.last_state.terminated.exit_code) == (False, 1)
        await world.advance(30)
        assert world.pod.status.init_container_statuses[0].restart_count == 2
        assert reason_of(world.pod, "Ready") == ("True", None)

    tell(story, make_backend=simulated(ReplicaScript(failing_initializations=2)))


def test_probes_are_polled_in_milliseconds_while_starting_and_seldom_afterwards():
    async def story(world):
        world.apply_revision()
        await world.settle()
        world.backend.emit(world.key, ReplicaEventKind.STARTED, SERVING)
        await asyncio.sleep(0.5)
        assert 45 <= len(world.backend.probes) <= 52
        assert world.events("Unhealthy") == []
        world.backend.ready(world.key, SERVING)
        await asyncio.sleep(0.02)
        asked = len(world.backend.probes)
        await asyncio.sleep(35)
        assert len(world.backend.probes) - asked == 3

    tell(story)
