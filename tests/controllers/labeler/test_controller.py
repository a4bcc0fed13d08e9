"""Which writes wake the labeler."""

from kfsim.api.knative.serving import Route, Service
from kfsim.api.meta import ObjectMeta, owner_reference
from kfsim.base.entropy import SeededEntropy
from kfsim.controllers.labeler import make_controller
from kfsim.store import Store, StoreEvent
from kfsim.testing.clock import FakeClock


def test_a_services_route_may_go_unnoticed() -> None:
    clock = FakeClock()
    store = Store(clock=clock, entropy=SeededEntropy(1))
    watch = make_controller(store=store, clock=clock).watches[0]
    assert watch.only is not None
    woken: list[str] = []

    def note(event: StoreEvent) -> None:
        assert watch.only is not None
        if event.entry.model is Route and watch.only(event):
            woken.append(f"{event.type} {event.entry.name}")

    store.subscribe(note)
    service = store.create(Service(metadata=ObjectMeta(name="a", namespace="ns")))
    store.create(
        Route(
            metadata=ObjectMeta(
                name="owned", namespace="ns", owner_references=(owner_reference(service),)
            )
        )
    )
    store.create(Route(metadata=ObjectMeta(name="free", namespace="ns")))
    store.delete(Route, "owned", "ns")
    store.delete(Route, "free", "ns")
    assert woken == ["ADDED owned", "ADDED free", "DELETED free"]
