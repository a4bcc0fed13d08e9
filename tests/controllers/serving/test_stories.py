"""A Knative Service's life through all controllers, in virtual time."""

from kfsim.api import core
from kfsim.api.apps import Deployment
from kfsim.api.knative.internal import PodAutoscaler
from kfsim.api.knative.serving import Image, Revision, TrafficTarget
from kfsim.base.entropy import SeededEntropy
from kfsim.base.types import RevisionKey
from kfsim.controllers import configuration, labeler, revision, route, routing, service
from kfsim.controllers.runtime import ClusterConfig, Dispatcher, Key, Recorder
from kfsim.simulation.loop import running_loop
from kfsim.testing.ports import RecordingRouteSink

LATEST = TrafficTarget(latest_revision=True, percent=100)
FIRST, SECOND = "iris-00001", "iris-00002"


def test_a_first_deploy_becomes_ready(play_serving, read):
    async def story(world):
        await world.apply("one")
        assert read(world.service) == ("Unknown", "RevisionMissing")
        assert world.service.status.url == "http://iris.default.localhost:8080"
        assert world.service.status.latest_created_revision_name == FIRST
        assert read(world.revision(FIRST), "ResourcesAvailable") == ("Unknown", "Deploying")
        await world.come_up(FIRST)
        assert read(world.revision(FIRST)) == ("True", None)
        assert read(world.revision(FIRST), "Active") == ("True", None)
        assert world.revision(FIRST).status.actual_replicas == 1
        for obj in (world.configuration, world.route, world.service):
            assert read(obj) == ("True", None)
        status = world.service.status
        assert status.latest_ready_revision_name == FIRST
        assert [(each.revision_name, each.percent) for each in status.traffic] == [(FIRST, 100)]
        assert status.address.url == "http://iris.default.svc.cluster.local"
        assert read(world.route, "CertificateProvisioned") == ("True", "TLSNotEnabled")
        assert world.split() == [(FIRST, 100)]
        assert len(world.sink.table.revisions[RevisionKey("default", FIRST)].endpoints) == 1
        assert world.store.find(Image, f"{FIRST}-cache-user-container", "default") is not None
        placeholder = world.store.get(core.Service, "iris", "default")
        assert placeholder.spec.external_name.startswith("knative-local-gateway.")

    play_serving(story)


def test_traffic_moves_when_the_new_revision_is_ready(play_serving, read):
    async def story(world):
        await world.apply("one")
        await world.come_up(FIRST)
        await world.apply("two")
        assert world.configuration.status.latest_created_revision_name == SECOND
        assert world.configuration.status.latest_ready_revision_name == FIRST
        assert read(world.service)[0] == "Unknown"
        assert world.split() == [(FIRST, 100)]
        await world.come_up(SECOND)
        assert world.split() == [(SECOND, 100)]
        assert read(world.service) == ("True", None)
        assert world.service.status.latest_ready_revision_name == SECOND
        assert (
            world.revision(FIRST).metadata.labels["serving.knative.dev/routingState"] == "reserve"
        )
        assert world.store.get(PodAutoscaler, FIRST, "default").spec.reachability == "Unreachable"
        assert world.store.get(PodAutoscaler, SECOND, "default").spec.reachability == "Reachable"

    play_serving(story)


def test_a_failing_revision_leaves_the_old_one_in_place(play_serving, read):
    async def story(world):
        await world.apply("one")
        await world.come_up(FIRST)
        await world.apply("two")
        await world.crash(SECOND, exit_code=3, message="no model")
        await world.crash(SECOND, exit_code=3, message="no model")
        assert read(world.revision(SECOND), "ContainerHealthy") == ("False", "ExitCode3")
        assert read(world.configuration) == ("False", "RevisionFailed")
        assert world.configuration.status.latest_ready_revision_name == FIRST
        assert read(world.service, "ConfigurationsReady") == ("False", "RevisionFailed")
        assert read(world.service, "RoutesReady") == ("True", None)
        assert world.split() == [(FIRST, 100)]

    play_serving(story)


def test_a_canary_gets_its_share_and_the_stable_one_a_tag(play_serving, read):
    async def story(world):
        await world.apply("one")
        await world.come_up(FIRST)
        canary = (
            LATEST.replaced(percent=10),
            TrafficTarget(revision_name=FIRST, latest_revision=False, percent=90, tag="prev"),
        )
        await world.apply("two", *canary)
        assert world.split() == [(FIRST, 100)]  # latest is still the first one
        await world.come_up(SECOND)
        assert world.split() == [(SECOND, 10), (FIRST, 90)]
        assert world.split("prev-iris.default") == [(FIRST, 100)]
        tagged = world.service.status.traffic[1]
        assert tagged.url == "http://prev-iris.default.localhost:8080"
        assert read(world.service) == ("True", None)
        assert world.store.find(core.Service, "prev-iris", "default") is not None
        await world.apply("two")
        assert world.split() == [(SECOND, 100)]
        assert "prev-iris.default" not in world.sink.table.hosts
        assert world.store.find(core.Service, "prev-iris", "default") is None
        assert len(world.store.list(Revision)) == 2

    play_serving(story)


def test_unchanged_entries_stay_the_same_objects(play_serving):
    async def story(world):
        await world.apply("one")
        await world.come_up(FIRST)
        before = world.sink.table
        await world.apply("two")
        after = world.sink.table
        assert after.epoch > before.epoch
        assert after.hosts["iris.default"] is before.hosts["iris.default"]
        key = RevisionKey("default", FIRST)
        assert after.revisions[key] is before.revisions[key]

    play_serving(story)


def test_a_deleted_service_takes_everything_with_it(play_serving):
    async def story(world):
        await world.apply("one")
        await world.come_up(FIRST)
        world.store.delete(type(world.service), "iris", "default")
        await world.settle()
        assert world.store.list(Revision) == ()
        assert world.store.list(Deployment) == ()
        assert dict(world.sink.table.hosts) == {}
        assert dict(world.sink.table.services) == {}
        assert dict(world.sink.table.revisions) == {}

    play_serving(story)


def test_a_quiet_world_writes_nothing(play_serving):
    async def story(world):
        await world.apply("one")
        await world.come_up(FIRST)
        version = world.store.resource_version
        for name in ("service", "configuration", "route", "labeler"):
            world.dispatcher.enqueue(name, world_key("iris"))
        world.dispatcher.enqueue("revision", world_key(FIRST))
        await world.settle()
        assert world.store.resource_version == version

    play_serving(story)


def world_key(name):
    return Key("default", name)


def test_a_restart_publishes_the_same_routes_and_writes_nothing(play_serving):
    async def story(world):
        await world.apply("one")
        await world.come_up(FIRST)
        before, version = world.sink.table, world.store.resource_version
        clock = running_loop().clock
        sink = RecordingRouteSink()
        recorder = Recorder(
            store=world.store, clock=clock, entropy=SeededEntropy(3), component="kfsim"
        )
        common = {"store": world.store, "clock": clock, "recorder": recorder}
        config = ClusterConfig(store=world.store, recorder=recorder)
        again = Dispatcher(store=world.store, clock=clock)
        for controller in (
            service.make_controller(**common, config=config),
            configuration.make_controller(**common, config=config),
            revision.make_controller(**common, config=config),
            route.make_controller(**common, config=config, gateway_port=lambda: 8080),
            labeler.make_controller(store=world.store, clock=clock),
            routing.make_controller(store=world.store, clock=clock, route_sink=sink),
        ):
            again.add(controller)
        again.start()
        await again.until_idle()
        await again.close()
        assert world.store.resource_version == version
        assert dict(sink.table.hosts) == dict(before.hosts)
        assert dict(sink.table.services) == dict(before.services)
        assert dict(sink.table.revisions) == dict(before.revisions)

    play_serving(story)
