"""One Route, its Ingress and its Services."""

import pytest

from kfsim.api import core
from kfsim.api.conditions import find_condition
from kfsim.api.knative import keys
from kfsim.api.knative.internal import Ingress, IngressStatus
from kfsim.api.knative.serving import (
    Configuration,
    ConfigurationStatus,
    Revision,
    RevisionStatus,
    Route,
    RouteSpec,
    TrafficTarget,
)
from kfsim.api.meta import Condition, ObjectMeta
from kfsim.controllers.route.reconcile import RouteReconciler
from kfsim.controllers.runtime import ClusterConfig, Tracker
from kfsim.testing.reconciling import ReconcilerBench

READY = Condition(type="Ready", status="True")
LATEST = TrafficTarget(configuration_name="iris", latest_revision=True, percent=100)
LOCAL = {"networking.knative.dev/visibility": "cluster-local"}


@pytest.fixture
def bench():
    bench = ReconcilerBench(
        lambda it: RouteReconciler(
            store=it.store,
            clock=it.clock,
            recorder=it.recorder,
            tracker=Tracker(),
            config=ClusterConfig(store=it.store, recorder=it.recorder),
            gateway_port=lambda: 8080,
        )
    )
    bench.given(
        Configuration(metadata=ObjectMeta(name="iris", namespace="default")),
        route(LATEST),
    )
    return bench


def route(*traffic, labels=None):
    metadata = ObjectMeta(name="iris", namespace="default", labels=labels or {})
    return Route(metadata=metadata, spec=RouteSpec(traffic=traffic))


def get(bench, model=Route, name="iris"):
    return bench.store.get(model, name, "default")


def read(bench, type_="Ready"):
    found = find_condition(get(bench).status.conditions, type_)
    return (found.status, found.reason)


def make_ready(bench, *names):
    for name in names:
        bench.given(
            Revision(
                metadata=ObjectMeta(
                    name=name, namespace="default", labels={keys.CONFIGURATION: "iris"}
                ),
                status=RevisionStatus(observed_generation=1, conditions=(READY,)),
            )
        )
    bench.put_status(
        get(bench, Configuration).replaced(
            status=ConfigurationStatus(latest_ready_revision_name=names[-1], conditions=(READY,))
        )
    )
    bench.reconcile("iris")


def program(bench):
    ingress = get(bench, Ingress)
    bench.put_status(
        ingress.replaced(
            status=IngressStatus(
                observed_generation=ingress.metadata.generation, conditions=(READY,)
            )
        )
    )
    bench.reconcile("iris")


def change(bench, *traffic, labels=None):
    wanted = route(*traffic, labels=labels)
    bench.store.update(
        get(bench).replaced(
            metadata=get(bench).metadata.replaced(labels=wanted.metadata.labels), spec=wanted.spec
        )
    )
    bench.reconcile("iris")


def hosts(bench):
    return [rule.hosts for rule in get(bench, Ingress).spec.rules]


def test_without_a_ready_revision_there_is_no_ingress(bench):
    bench.reconcile("iris")
    assert read(bench) == ("Unknown", "RevisionMissing")
    assert read(bench, "IngressReady") == ("Unknown", "IngressNotConfigured")
    assert get(bench).status.url == "http://iris.default.localhost:8080"
    assert bench.store.find(Ingress, "iris", "default") is None


def test_a_ready_revision_gets_all_traffic(bench):
    make_ready(bench, "iris-00001")
    assert read(bench) == ("Unknown", "IngressNotConfigured")
    assert hosts(bench) == [
        ("iris.default", "iris.default.svc", "iris.default.svc.cluster.local"),
        ("iris.default.localhost",),
    ]
    split = get(bench, Ingress).spec.rules[0].http.paths[0].splits[0]
    assert (split.service_name, split.percent) == ("iris-00001", 100)
    assert split.append_headers == {
        "Knative-Serving-Revision": "iris-00001",
        "Knative-Serving-Namespace": "default",
    }
    placeholder = get(bench, core.Service)
    assert placeholder.spec.external_name == "iris.default.localhost"
    program(bench)
    assert read(bench) == ("True", None)
    assert get(bench, core.Service).spec.external_name.startswith("knative-local-gateway.")
    status = get(bench).status
    assert [(each.revision_name, each.percent) for each in status.traffic] == [("iris-00001", 100)]
    assert status.address.url == "http://iris.default.svc.cluster.local"


def test_a_changed_spec_is_not_ready_before_its_ingress(bench):
    make_ready(bench, "iris-00001", "iris-00002")
    program(bench)
    pinned = TrafficTarget(revision_name="iris-00001", percent=90, tag="prev")
    change(bench, LATEST.replaced(percent=10), pinned)
    assert read(bench, "IngressReady") == ("Unknown", "IngressNotConfigured")
    program(bench)
    assert read(bench) == ("True", None)
    assert ("prev-iris.default.localhost",) in hosts(bench)
    assert get(bench).status.traffic[1].url == "http://prev-iris.default.localhost:8080"
    assert bench.store.find(core.Service, "prev-iris", "default") is not None
    change(bench, LATEST)
    assert bench.store.find(core.Service, "prev-iris", "default") is None


def test_a_missing_target_leaves_the_ingress_alone(bench):
    make_ready(bench, "iris-00001")
    program(bench)
    before = get(bench, Ingress).metadata.resource_version
    change(bench, TrafficTarget(revision_name="gone", percent=100))
    assert read(bench) == ("False", "RevisionMissing")
    assert get(bench, Ingress).metadata.resource_version == before


def test_a_cluster_local_route_has_no_external_host(bench):
    make_ready(bench, "iris-00001")
    change(bench, LATEST, labels=LOCAL)
    assert len(hosts(bench)) == 1
    assert get(bench).status.url == "http://iris.default.svc.cluster.local"


def test_a_label_on_the_placeholder_takes_one_tag_off_the_gateway(bench):
    make_ready(bench, "iris-00001")
    change(bench, LATEST.replaced(tag="now"))
    service = get(bench, core.Service, "now-iris")
    bench.store.update(
        service.replaced(
            metadata=service.metadata.replaced(labels={**service.metadata.labels, **LOCAL})
        )
    )
    bench.reconcile("iris")
    assert ("iris.default.localhost",) in hosts(bench)
    assert ("now-iris.default.localhost",) not in hosts(bench)


@pytest.mark.parametrize("model", [core.Service, Ingress])
def test_a_name_taken_by_anothers_child_is_told(bench, model):
    bench.given(model(metadata=ObjectMeta(name="iris", namespace="default")))
    make_ready(bench, "iris-00001")
    assert read(bench, "IngressReady") == ("False", "NotOwned")
