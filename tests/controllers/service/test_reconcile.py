"""One Service, its Configuration and its Route."""

import pytest

from kfsim.api.conditions import find_condition
from kfsim.api.core import Container
from kfsim.api.knative.serving import (
    Configuration,
    Revision,
    RevisionSpec,
    RevisionTemplateSpec,
    Route,
    Service,
    ServiceSpec,
    TrafficTarget,
)
from kfsim.api.meta import Condition, ObjectMeta
from kfsim.controllers.runtime import ClusterConfig
from kfsim.controllers.service.reconcile import ServiceReconciler
from kfsim.testing.reconciling import ReconcilerBench


@pytest.fixture
def bench():
    bench = ReconcilerBench(
        lambda it: ServiceReconciler(
            store=it.store,
            clock=it.clock,
            recorder=it.recorder,
            config=ClusterConfig(store=it.store, recorder=it.recorder),
        )
    )
    bench.given(service())
    return bench


def service(image="one", name="", traffic=()):
    return Service(
        metadata=ObjectMeta(
            name="iris",
            namespace="default",
            labels={"team": "a"},
            annotations={"note": "x", "serving.knative.dev/rollout-duration": "10s"},
        ),
        spec=ServiceSpec(
            template=RevisionTemplateSpec(
                metadata=ObjectMeta(name=name),
                spec=RevisionSpec(containers=(Container(image=image),)),
            ),
            traffic=traffic,
        ),
    )


def read(bench, type_="Ready"):
    found = find_condition(get(bench, Service).status.conditions, type_)
    return (found.status, found.reason)


def get(bench, model):
    return bench.store.get(model, "iris", "default")


def report(bench, model, status="True", reason=None, **fields):
    """The child has caught up and says whether it is ready."""
    obj = get(bench, model)
    bench.put_status(
        obj.replaced(
            status=obj.status.replaced(
                observed_generation=obj.metadata.generation,
                conditions=(Condition(type="Ready", status=status, reason=reason),),
                **fields,
            )
        )
    )


def serve(bench, revision="iris-00001", traffic=None):
    report(
        bench,
        Configuration,
        latest_created_revision_name=revision,
        latest_ready_revision_name=revision,
    )
    targets = traffic or (TrafficTarget(revision_name=revision, latest_revision=True, percent=100),)
    report(bench, Route, traffic=targets, url="http://iris")


def test_children_are_made_and_out_of_date(bench):
    bench.reconcile("iris")
    configuration, route = get(bench, Configuration), get(bench, Route)
    assert configuration.metadata.labels["serving.knative.dev/service"] == "iris"
    assert configuration.metadata.labels["team"] == "a"
    assert configuration.metadata.annotations == {
        "note": "x",
        "serving.knative.dev/routes": "iris",
    }
    assert configuration.spec.template.spec.timeout_seconds == 300
    assert [(each.configuration_name, each.percent) for each in route.spec.traffic] == [
        ("iris", 100)
    ]
    assert "serving.knative.dev/rollout-duration" in route.metadata.annotations
    assert read(bench) == ("Unknown", "OutOfDate")
    assert read(bench, "ConfigurationsReady") == ("Unknown", "OutOfDate")
    assert sorted(bench.events()) == [
        'Created: Created Configuration "iris"',
        'Created: Created Route "iris"',
    ]


def test_children_that_are_ready_make_it_ready(bench):
    bench.reconcile("iris")
    serve(bench)
    bench.reconcile("iris")
    assert read(bench) == ("True", None)
    status = get(bench, Service).status
    assert status.latest_ready_revision_name == "iris-00001"
    assert status.url == "http://iris"
    assert status.observed_generation == 1


def test_a_failed_configuration_gives_its_reason(bench):
    bench.reconcile("iris")
    report(bench, Configuration, "False", "RevisionFailed")
    report(bench, Route, "Unknown", "RevisionMissing")
    bench.reconcile("iris")
    assert read(bench) == ("False", "RevisionFailed")
    assert read(bench, "RoutesReady") == ("Unknown", "RevisionMissing")


def test_traffic_that_lags_behind_is_not_ready(bench):
    bench.reconcile("iris")
    serve(bench)
    report(
        bench,
        Configuration,
        latest_created_revision_name="iris-00002",
        latest_ready_revision_name="iris-00002",
    )
    bench.reconcile("iris")
    assert read(bench, "RoutesReady") == ("Unknown", "TrafficNotMigrated")


def test_only_a_changed_template_changes_the_configuration(bench):
    bench.reconcile("iris")
    stored = get(bench, Service)
    pinned = (TrafficTarget(revision_name="iris-00001", percent=100),)
    bench.store.update(stored.replaced(spec=stored.spec.replaced(traffic=pinned)))
    bench.reconcile("iris")
    assert get(bench, Configuration).metadata.generation == 1
    assert get(bench, Route).metadata.generation == 2
    bench.store.update(get(bench, Service).replaced(spec=service("two").spec))
    bench.reconcile("iris")
    assert get(bench, Configuration).metadata.generation == 2


def test_what_others_change_in_a_child_is_put_back(bench):
    bench.reconcile("iris")
    route = get(bench, Route)
    bench.store.update(route.replaced(spec=route.spec.replaced(traffic=())))
    bench.reconcile("iris")
    assert len(get(bench, Route).spec.traffic) == 1


def test_a_name_taken_by_anothers_child_is_told(bench):
    bench.given(Configuration(metadata=ObjectMeta(name="iris", namespace="default")))
    bench.reconcile("iris")
    assert read(bench) == ("False", "NotOwned")
    assert bench.store.find(Route, "iris", "default") is None


def test_a_route_waits_for_a_revision_with_a_given_name(bench):
    bench.store.update(get(bench, Service).replaced(spec=service(name="iris-mine").spec))
    bench.reconcile("iris")
    assert bench.store.find(Route, "iris", "default") is None
    report(bench, Configuration, "Unknown")
    bench.reconcile("iris")
    assert bench.store.find(Route, "iris", "default") is not None


def test_a_given_revision_name_may_be_taken(bench):
    bench.given(Revision(metadata=ObjectMeta(name="iris-mine", namespace="default")))
    bench.store.update(get(bench, Service).replaced(spec=service(name="iris-mine").spec))
    bench.reconcile("iris")
    report(bench, Configuration, "False", "RevisionFailed")
    bench.reconcile("iris")
    assert read(bench, "RoutesReady") == ("False", "RevisionNameTaken")
