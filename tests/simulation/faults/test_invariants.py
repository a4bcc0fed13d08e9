"""Each invariant has a cluster that breaks it; a cluster that is well breaks none."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from kfsim.api.apps import Deployment
from kfsim.api.core import Event, Pod
from kfsim.api.knative.internal import PodAutoscaler
from kfsim.api.knative.serving import Configuration, Revision
from kfsim.api.kserve.types import InferenceService
from kfsim.api.meta import ObjectMeta
from kfsim.base.types import (
    Endpoint,
    HostRoute,
    ReplicaKey,
    RevisionKey,
    RoutingTable,
    ServiceName,
    WeightedRevision,
)
from kfsim.simulation.faults import invariants
from kfsim.simulation.faults.users import Users
from kfsim.simulation.faults.world import World
from kfsim.simulation.loop import run_virtual

DIGITS = ServiceName("team", "digits")


class Scene:
    """A cluster that runs one service with one replica and a GPU; the checked can be changed."""

    def __init__(self, world: World) -> None:
        self.store = world.store
        self.table = world.plane.table
        self.running = list(world.backend.specs())

    def quiet(self) -> list[str]:
        return list(invariants.check_quiet(self.store, self.table, self.running))

    @property
    def deployment(self) -> Deployment:
        (found,) = self.store.list(Deployment)
        return found

    @property
    def pod(self) -> Pod:
        (found,) = self.store.list(Pod)
        return found

    @property
    def revision(self) -> RevisionKey:
        (found,) = self.store.list(Revision)
        return RevisionKey(found.metadata.namespace, found.metadata.name)


def show(story: Callable[[Scene], None]) -> None:
    """The daemon is closed first, so that nobody repairs what the story breaks."""

    async def run() -> None:
        world = World(seed=1)
        await world.start()
        await Users(world, world.derive_entropy("users")).edit(DIGITS, sane=True)
        await asyncio.sleep(20)
        await world.cluster.close()
        story(Scene(world))
        await world.backend.close()

    run_virtual(run())


def test_a_cluster_that_is_well_breaks_none() -> None:
    def story(scene: Scene) -> None:
        assert scene.quiet() == []
        assert list(invariants.find_unready(scene.store)) == []

    show(story)


def _route(scene: Scene, percent: int, revision: RevisionKey) -> None:
    route = HostRoute("team", "digits", split=(WeightedRevision(revision, percent),))
    scene.table = RoutingTable(services={DIGITS: route}, revisions=scene.table.revisions)


def _share(scene: Scene) -> None:
    _route(scene, 99, scene.revision)


def _unknown_revision(scene: Scene) -> None:
    _route(scene, 100, RevisionKey("team", "nothing"))


def _too_many(scene: Scene) -> None:
    spec = scene.deployment.spec.replaced(replicas=9)
    scene.store.update(scene.deployment.replaced(spec=spec))


def _wants_too_many(scene: Scene) -> None:
    (found,) = scene.store.list(PodAutoscaler)
    scene.store.update_status(found.replaced(status=found.status.replaced(desired_scale=9)))


def _too_few(scene: Scene) -> None:
    (found,) = scene.store.list(PodAutoscaler)
    annotations = {**found.metadata.annotations, "autoscaling.knative.dev/min-scale": "2"}
    metadata = found.metadata.replaced(annotations=annotations)
    scene.store.update(found.replaced(metadata=metadata))


def _device_twice(scene: Scene) -> None:
    (spec,) = scene.running
    assert spec.devices
    scene.running.append(replace(spec, key=ReplicaKey("team", "thief")))


def _many_revisions(scene: Scene) -> None:
    (made,) = scene.store.list(Revision)
    for number in range(64):
        metadata = made.metadata.replaced(name=f"r{number}", resource_version="")
        scene.store.create(made.replaced(metadata=metadata))


def _no_owner(scene: Scene) -> None:
    scene.store.update(
        scene.pod.replaced(metadata=scene.pod.metadata.replaced(owner_references=()))
    )


def _no_replica(scene: Scene) -> None:
    scene.running.clear()


def _no_pod(scene: Scene) -> None:
    (spec,) = scene.running
    scene.running.append(replace(spec, key=ReplicaKey("team", "stray"), devices={}))


def _endless_deletion(scene: Scene) -> None:
    scene.store.delete(Pod, scene.pod.metadata.name, "team")


def _served_by_nobody(scene: Scene) -> None:
    (key,) = scene.table.revisions
    target = scene.table.revisions[key]
    stray = Endpoint(ReplicaKey("team", "stray"), "10.9.9.9", 80)
    scene.table = RoutingTable(
        services=scene.table.services, revisions={key: replace(target, endpoints=(stray,))}
    )


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_share, "the traffic of team/digits adds up to 99 %"),
        (_unknown_revision, "is routed to the unknown revision team/nothing"),
        (_too_many, "asks for 9 of at most 1"),
        (_too_many, "asks for 9 Pods and has 1"),
        (_wants_too_many, "wants 9 of at most 1"),
        (_too_few, "asks for 1 of at least 2"),
        (_device_twice, "and by team/thief"),
        (_many_revisions, "has 65 Revisions"),
        (_no_owner, "has no owner"),
        (_no_replica, "is ready without a replica"),
        (_no_pod, "replica team/stray runs without a Pod"),
        (_endless_deletion, "never went away"),
        (_served_by_nobody, "is served by team/stray, which is not ready"),
    ],
)
def test_what_is_broken_is_said(spoil: Callable[[Scene], None], said: str) -> None:
    def story(scene: Scene) -> None:
        spoil(scene)
        assert any(said in each for each in scene.quiet()), scene.quiet()

    show(story)


def test_an_acknowledged_service_must_stay_the_same() -> None:
    def story(scene: Scene) -> None:
        uid = scene.store.get(InferenceService, "digits", "team").metadata.uid
        assert list(invariants.check_kept(scene.store, {DIGITS: uid})) == []
        (other,) = invariants.check_kept(scene.store, {DIGITS: "other"})
        assert "is another one" in other
        (gone,) = invariants.check_kept(scene.store, {ServiceName("team", "gone"): uid})
        assert "is gone" in gone

    show(story)


def test_an_event_that_stays_is_said() -> None:
    def story(scene: Scene) -> None:
        for entry in scene.store.entries(Event):
            scene.store.delete(Event, entry.name, entry.namespace)
        assert list(invariants.check_forgotten(scene.store)) == []
        scene.store.create(Event(metadata=ObjectMeta(namespace="team", name="e")))
        assert list(invariants.check_forgotten(scene.store)) == ["Event team/e never expired"]

    show(story)


def test_a_service_that_is_not_ready_says_why() -> None:
    def story(scene: Scene) -> None:
        found = scene.store.get(InferenceService, "digits", "team")
        scene.store.update_status(found.replaced(status=found.status.replaced(conditions=())))
        assert list(invariants.find_unready(scene.store)) == [
            "InferenceService team/digits: no condition"
        ]
        assert scene.store.list(Configuration)

    show(story)
