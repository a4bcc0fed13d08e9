"""What a PodAutoscaler does beyond the stories: settings, bounds, classes, ownership."""

import pytest

from kfsim.api.core import ConfigMap
from kfsim.api.knative.internal import Metric, PodAutoscaler
from kfsim.api.meta import ObjectMeta
from kfsim.replicas.backend import ReplicaEventKind
from kfsim.testing.scaling import REVISION, SERVING, key_of, reason_of, tell

PREFIX = "autoscaling.knative.dev/"


def configure(world, **data):
    metadata = ObjectMeta(name="config-autoscaler", namespace="knative-serving")
    values = {key.replace("_", "-"): value for key, value in data.items()}
    world.store.create(ConfigMap(metadata=metadata, data=values))


async def bring_up(world):
    """All Pods that exist become ready."""
    await world.settle()
    for pod in world.pods():
        world.hands.ready(key_of(pod), SERVING)
        world.hands.emit(key_of(pod), ReplicaEventKind.STARTED, SERVING)
    await world.advance(0.05)


def metric(world):
    return world.store.get(Metric, REVISION.name, REVISION.namespace)


def test_initial_scale_zero_starts_nothing_and_is_initialized():
    async def story(world):
        configure(world, allow_zero_initial_scale="true")
        world.apply_revision(replicas=0, annotations={PREFIX + "initial-scale": "0"})
        await world.settle()
        assert world.pods() == ()
        assert reason_of(world.pa, "ScaleTargetInitialized") == ("True", None)
        assert reason_of(world.pa, "Active") == ("False", "NoTraffic")
        assert world.sks.spec.mode == "Proxy"
        world.source.poke(REVISION)
        await world.settle()
        assert world.deployment.spec.replicas == 1
        assert reason_of(world.pa, "Active") == ("Unknown", "Queued")

    tell(story)


def test_min_scale_is_kept_without_traffic():
    async def story(world):
        world.apply_revision(annotations={PREFIX + "min-scale": "2"})
        await bring_up(world)
        await world.run_seconds(4, concurrency=0)
        assert world.deployment.spec.replicas == 2
        await bring_up(world)
        await world.run_seconds(100, concurrency=0)
        assert world.deployment.spec.replicas == 2
        assert reason_of(world.pa, "Ready") == ("True", None)

    tell(story, start_limit=8)


def test_max_scale_bounds_what_load_asks_for():
    async def story(world):
        world.apply_revision(annotations={PREFIX + "max-scale": "3", PREFIX + "target": "1"})
        await bring_up(world)
        await world.run_seconds(4, concurrency=50)
        assert world.deployment.spec.replicas == 3
        assert world.pa.status.desired_scale == 3

    tell(story)


def test_a_revision_becomes_active_only_at_its_initial_scale():
    async def story(world):
        annotations = {PREFIX + "initial-scale": "2"}
        world.apply_revision(replicas=2, annotations=annotations)
        await world.settle()
        first, second = (key_of(each) for each in world.pods())
        for key in (first, second):
            assert reason_of(world.pa, "ScaleTargetInitialized")[0] == "Unknown"
            world.hands.ready(key, SERVING)
            world.hands.emit(key, ReplicaEventKind.STARTED, SERVING)
            await world.advance(0.05)
        assert reason_of(world.pa, "ScaleTargetInitialized") == ("True", None)
        assert reason_of(world.pa, "Active") == ("True", None)

    tell(story)


def test_an_unlimited_burst_keeps_the_activator_in_the_path_and_none_leaves_it_out():
    async def story(world):
        world.apply_revision(annotations={PREFIX + "target-burst-capacity": "0"})
        await bring_up(world)
        await world.run_seconds(4, concurrency=1)
        assert (world.sks.spec.mode, world.sks.spec.num_activators) == ("Serve", 2)
        assert metric(world).spec.scrape_target == f"{REVISION.name}-private"
        pa = world.pa
        annotations = {PREFIX + "target-burst-capacity": "-1"}
        world.store.update(pa.replaced(metadata=pa.metadata.replaced(annotations=annotations)))
        await world.run_seconds(4, concurrency=1)
        assert world.sks.spec.mode == "Proxy"
        assert metric(world).spec.scrape_target is None

    tell(story)


def test_changed_settings_reach_every_revision_and_bad_ones_none():
    async def story(world):
        world.apply_revision()
        await world.settle()
        assert metric(world).spec.stable_window == 60
        configure(world, stable_window="30s")
        await world.settle()
        assert metric(world).spec.stable_window == 30
        current = world.store.get(ConfigMap, "config-autoscaler", "knative-serving")
        world.store.update(current.replaced(data={"stable-window": "1s"}))
        await world.settle()
        assert metric(world).spec.stable_window == 30
        assert len(world.events("InvalidConfiguration")) == 1

    tell(story)


def test_disabled_scale_to_zero_keeps_one_pod():
    async def story(world):
        configure(world, enable_scale_to_zero="false")
        world.apply_revision()
        await bring_up(world)
        await world.run_seconds(150, concurrency=0)
        assert world.deployment.spec.replicas == 1

    tell(story)


def test_without_the_activator_in_the_path_nothing_goes_to_zero():
    async def story(world):
        world.apply_revision()
        await bring_up(world)
        await world.run_seconds(150, concurrency=0)
        assert reason_of(world.pa, "Active") == ("False", "NoTraffic")
        assert world.deployment.spec.replicas == 1
        world.sink.activator_answers[REVISION] = True
        await world.run_seconds(2, concurrency=0)
        assert world.deployment.spec.replicas == 0

    tell(story)


def test_a_revision_that_never_becomes_ready_is_given_up():
    async def story(world):
        annotations = {"serving.knative.dev/progress-deadline": "20s"}
        world.apply_revision(annotations=annotations)
        await world.advance(45)
        assert reason_of(world.pa, "Active") == ("Unknown", "Queued")
        await world.advance(60)
        # TimedOut for one reconcile, then NoTraffic, as on a cluster.
        assert reason_of(world.pa, "Active") == ("False", "NoTraffic")
        assert reason_of(world.pa, "ScaleTargetInitialized")[0] == "Unknown"
        assert world.deployment.spec.replicas == 0

    tell(story)


@pytest.mark.parametrize("name", ["hpa.autoscaling.knative.dev", "mine.example.com"])
def test_another_class_is_refused_with_the_mend(name):
    async def story(world):
        world.apply_revision(annotations={PREFIX + "class": name})
        await bring_up(world)
        assert reason_of(world.pa, "Active") == ("False", "AutoscalerClassNotSupported")
        assert world.pa.status.actual_scale == 1

    tell(story)


def test_the_step_is_kept_for_those_who_ask_why():
    async def story(world):
        world.apply_revision(annotations={PREFIX + "min-scale": "1"})
        await bring_up(world)
        await world.run_seconds(4, concurrency=0)
        explained = world.scaling.explain(REVISION)
        assert explained.decisions[-1].desired_pod_count == 0
        assert explained.step.want == 1
        assert any("bounds 1..unbounded" in each for each in explained.step.reasons)

    tell(story)


def test_a_deleted_autoscaler_is_forgotten():
    async def story(world):
        world.apply_revision()
        await bring_up(world)
        world.store.delete(PodAutoscaler, REVISION.name, REVISION.namespace)
        await world.settle()
        assert world.scaling.explain(REVISION).step is None
        assert world.store.find(Metric, REVISION.name, REVISION.namespace) is None

    tell(story)
