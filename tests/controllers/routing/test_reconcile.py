"""The routing table follows its objects."""

import pytest

from kfsim.api.conditions import is_true
from kfsim.api.core import EndpointAddress, EndpointPort, Endpoints, EndpointSubset, ObjectReference
from kfsim.api.istio import (
    Destination,
    HTTPRoute,
    HTTPRouteDestination,
    VirtualService,
    VirtualServiceSpec,
)
from kfsim.api.knative.internal import (
    Ingress,
    IngressBackendSplit,
    IngressPath,
    IngressRule,
    IngressRuleValue,
    IngressSpec,
    ServerlessService,
    ServerlessServiceSpec,
)
from kfsim.api.knative.serving import Revision
from kfsim.api.meta import ObjectMeta
from kfsim.base.entropy import SeededEntropy
from kfsim.base.types import RevisionKey, ServiceMode
from kfsim.controllers.routing.controller import make_controller
from kfsim.controllers.routing.reconcile import TABLE_KEY
from kfsim.store import Store
from kfsim.testing.clock import FakeClock
from kfsim.testing.ports import RecordingRouteSink

KEY = RevisionKey("default", "p-1")


class Bench:
    """A store whose writes reach the controller's watches, as the dispatcher passes them on."""

    def __init__(self):
        clock = FakeClock()
        self.store = Store(clock=clock, entropy=SeededEntropy(1))
        self.sink = RecordingRouteSink()
        self.controller = make_controller(store=self.store, clock=clock, route_sink=self.sink)
        self.store.subscribe(self._on_write)
        self.woken = False

    def _on_write(self, event):
        for watch in self.controller.watches:
            if watch.model is event.entry.model and (watch.only is None or watch.only(event)):
                self.woken |= bool(tuple(watch.keys_of(event.entry)))

    def run(self):
        while self.woken:
            self.woken = False
            self.controller.reconciler.reconcile(TABLE_KEY)
        return self.sink.table


@pytest.fixture
def bench():
    return Bench()


def meta(name):
    return ObjectMeta(name=name, namespace="default")


def ingress(*shares):
    splits = tuple(
        IngressBackendSplit(service_namespace="default", service_name=name, percent=percent)
        for name, percent in shares
    )
    rule = IngressRule(
        hosts=("p.default.localhost", "p.default"),
        http=IngressRuleValue(paths=(IngressPath(splits=splits),)),
    )
    return Ingress(metadata=meta("p"), spec=IngressSpec(rules=(rule,)))


def virtual_service():
    http = HTTPRoute(route=(HTTPRouteDestination(destination=Destination(host="p.default.svc")),))
    return VirtualService(
        metadata=meta("iris"),
        spec=VirtualServiceSpec(hosts=("iris.default.localhost",), http=(http,)),
    )


def shares(route):
    return [(each.revision.name, each.percent) for each in route.split]


def test_an_ingress_is_ready_once_published(bench):
    bench.store.create(ingress(("p-1", 100)))
    table = bench.run()
    assert shares(table.hosts["p.default"]) == [("p-1", 100)]
    assert table.hosts["p.default"].name == "p"
    assert dict(table.services) == {}  # the path follows from the host
    stored = bench.store.get(Ingress, "p", "default")
    assert is_true(stored.status.conditions)
    assert stored.status.observed_generation == 1
    assert len(bench.sink.tables) == 1


def test_a_virtual_service_follows_its_target(bench):
    bench.store.create(virtual_service())
    assert "iris.default" not in bench.run().hosts
    bench.store.create(ingress(("p-1", 100)))
    assert shares(bench.run().hosts["iris.default"]) == [("p-1", 100)]
    stored = bench.store.get(Ingress, "p", "default")
    bench.store.update(stored.replaced(spec=ingress(("p-1", 90), ("p-2", 10)).spec))
    table = bench.run()
    assert shares(table.hosts["iris.default"]) == [("p-1", 90), ("p-2", 10)]
    assert table.hosts["iris.default"].name == "iris"
    bench.store.delete(Ingress, "p", "default")
    assert dict(bench.run().hosts) == {}
    bench.store.delete(VirtualService, "iris", "default")
    assert dict(bench.run().services) == {}


def test_a_revision_at_zero_is_in_the_table(bench):
    bench.store.create(Revision(metadata=meta("p-1")))
    bench.store.create(
        ServerlessService(metadata=meta("p-1"), spec=ServerlessServiceSpec(mode="Serve"))
    )
    target = bench.run().revisions[KEY]
    assert (target.mode, target.endpoints) == (ServiceMode.PROXY, ())
    bench.store.create(
        Endpoints(
            metadata=meta("p-1-private"),
            subsets=(
                EndpointSubset(
                    addresses=(
                        EndpointAddress(ip="127.0.0.1", target_ref=ObjectReference(name="pod")),
                    ),
                    ports=(EndpointPort(name="http", port=9),),
                ),
            ),
        )
    )
    target = bench.run().revisions[KEY]
    assert target.mode is ServiceMode.SERVE
    assert target.endpoints[0].port == 9
    bench.store.delete(ServerlessService, "p-1", "default")
    assert KEY not in bench.run().revisions


def test_what_does_not_route_publishes_nothing(bench):
    bench.store.create(ingress(("p-1", 100)))
    bench.run()
    bench.store.create(Endpoints(metadata=meta("public")))
    assert not bench.woken
    revision = bench.store.create(Revision(metadata=meta("p-1")))
    bench.run()
    bench.store.update_status(revision.replaced(status=revision.status.replaced(actual_replicas=1)))
    assert not bench.woken
    assert len(bench.sink.tables) == 1
