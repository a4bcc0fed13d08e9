"""Events are counted, and never fail who tells them."""

from kfsim.api.core import ConfigMap, Event, Namespace
from kfsim.api.meta import ObjectMeta
from kfsim.base.entropy import SeededEntropy
from kfsim.controllers.runtime.recorder import Recorder
from kfsim.store import Store
from kfsim.testing.clock import FakeClock


def make_recorder(store: Store, clock: FakeClock) -> Recorder:
    return Recorder(store=store, clock=clock, entropy=SeededEntropy(1), component="test")


def test_equal_events_are_counted_and_others_are_not() -> None:
    clock = FakeClock()
    store = Store(clock=clock, entropy=SeededEntropy(2))
    about = store.create(ConfigMap(metadata=ObjectMeta(namespace="team", name="a")))
    recorder = make_recorder(store, clock)
    for message in ("one", "two", "one"):
        recorder.normal(about, "Seen", message)
    counts = {each.message: each.count for each in store.list(Event)}
    assert counts == {"one": 2, "two": 1}


def test_an_event_in_a_namespace_that_ends_is_dropped() -> None:
    clock = FakeClock()
    store = Store(clock=clock, entropy=SeededEntropy(2))
    store.create(Namespace(metadata=ObjectMeta(name="team")))
    about = store.create(
        ConfigMap(metadata=ObjectMeta(namespace="team", name="a", finalizers=("test/held",)))
    )
    store.delete(Namespace, "team")
    make_recorder(store, clock).normal(about, "Seen", "at the end")
    assert not store.list(Event)
