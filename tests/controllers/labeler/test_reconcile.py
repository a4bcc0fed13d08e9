"""Routes write their name to what they send traffic to."""

import pytest

from kfsim.api.knative import keys
from kfsim.api.knative.serving import (
    Configuration,
    ConfigurationStatus,
    Revision,
    Route,
    RouteSpec,
    RouteStatus,
    TrafficTarget,
)
from kfsim.api.meta import Condition, ObjectMeta, owner_reference
from kfsim.controllers.labeler.reconcile import LabelerReconciler
from kfsim.controllers.runtime import Key, Tracker
from kfsim.testing.reconciling import ReconcilerBench

LATEST = TrafficTarget(configuration_name="iris", latest_revision=True, percent=100)


@pytest.fixture
def bench():
    bench = ReconcilerBench(
        lambda it: LabelerReconciler(store=it.store, clock=it.clock, tracker=Tracker())
    )
    bench.given(
        Configuration(
            metadata=ObjectMeta(name="iris", namespace="default"),
            status=ConfigurationStatus(latest_created_revision_name="iris-00002"),
        ),
        Route(
            metadata=ObjectMeta(name="web", namespace="default"), spec=RouteSpec(traffic=(LATEST,))
        ),
    )
    owner = owner_reference(bench.store.get(Configuration, "iris", "default"))
    for name in ("iris-00001", "iris-00002"):
        metadata = ObjectMeta(name=name, namespace="default", owner_references=(owner,))
        bench.given(Revision(metadata=metadata))
    return bench


def settle(bench, *revisions):
    """The Route is ready and sends traffic to these."""
    route = bench.store.get(Route, "web", "default")
    traffic = tuple(TrafficTarget(revision_name=name, percent=1) for name in revisions)
    ready = Condition(type="Ready", status="True")
    status = RouteStatus(observed_generation=1, conditions=(ready,), traffic=traffic)
    bench.put_status(route.replaced(status=status))
    bench.reconcile("web")


def state(bench, name):
    metadata = bench.store.get(Revision, name, "default").metadata
    return (metadata.labels.get(keys.ROUTING_STATE), metadata.annotations.get(keys.ROUTES))


def routes(bench):
    metadata = bench.store.get(Configuration, "iris", "default").metadata
    return metadata.annotations.get(keys.ROUTES)


def test_the_latest_created_revision_is_active_before_it_is_ready(bench):
    bench.reconcile("web")
    assert routes(bench) == "web"
    assert state(bench, "iris-00002") == ("active", "web")
    assert state(bench, "iris-00001") == (None, None)


def test_a_revision_without_a_route_goes_into_reserve(bench):
    settle(bench, "iris-00001", "iris-00002")
    assert state(bench, "iris-00001") == ("active", "web")
    settle(bench, "iris-00002")
    assert state(bench, "iris-00001") == ("reserve", None)
    assert state(bench, "iris-00002") == ("active", "web")


def test_while_the_route_is_under_way_nothing_is_taken_off(bench):
    settle(bench, "iris-00001", "iris-00002")
    route = bench.store.get(Route, "web", "default")
    bench.put_status(route.replaced(status=RouteStatus()))
    bench.reconcile("web")
    assert state(bench, "iris-00001") == ("active", "web")


def test_a_deleted_route_leaves_nothing_behind(bench):
    settle(bench, "iris-00001")
    bench.store.delete(Route, "web", "default")
    bench.reconcile("web")
    assert routes(bench) is None
    assert state(bench, "iris-00001") == ("reserve", None)
    assert state(bench, "iris-00002") == ("reserve", None)


def test_a_services_deleted_route_is_taken_off_its_own_configuration_only(bench):
    """However many others there are: each would have to be decoded."""
    labels = {keys.SERVICE: "web"}
    route = bench.store.get(Route, "web", "default")
    bench.store.update(route.replaced(metadata=route.metadata.replaced(labels=labels)))
    metadata = ObjectMeta(name="other", namespace="default", annotations={keys.ROUTES: "web"})
    bench.given(Configuration(metadata=metadata))
    key = Key("default", "web")
    reconciler = LabelerReconciler(store=bench.store, clock=bench.clock, tracker=Tracker())
    reconciler.reconcile(key)
    assert routes(bench) == "web"
    bench.store.delete(Route, "web", "default")
    reconciler.reconcile(key)
    assert routes(bench) is None
    assert state(bench, "iris-00002") == ("reserve", None)
    other = bench.store.get(Configuration, "other", "default")
    assert other.metadata.annotations == {keys.ROUTES: "web"}
