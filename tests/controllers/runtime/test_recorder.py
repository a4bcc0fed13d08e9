"""Events are counted, and never fail who tells them."""

import pytest

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


def test_an_expired_event_is_counted_on() -> None:
    clock = FakeClock()
    store = Store(clock=clock, entropy=SeededEntropy(2))
    about = store.create(ConfigMap(metadata=ObjectMeta(namespace="team", name="a")))
    recorder = make_recorder(store, clock)
    recorder.normal(about, "Seen", "one")
    (first,) = store.list(Event)
    store.delete(Event, first.metadata.name, "team")
    clock.advance(5000)
    recorder.normal(about, "Seen", "one")
    (second,) = store.list(Event)
    assert (second.metadata.name, second.count) == (first.metadata.name, 2)
    assert second.first_timestamp == first.first_timestamp
    assert second.last_timestamp != first.last_timestamp


def test_components_are_told_apart_and_remember_no_more_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kfsim.controllers.runtime.recorder.REMEMBERED", 3)
    clock = FakeClock()
    store = Store(clock=clock, entropy=SeededEntropy(2))
    about = store.create(ConfigMap(metadata=ObjectMeta(namespace="team", name="a")))
    one = make_recorder(store, clock)
    two = one.for_component("other")
    one.normal(about, "Seen", "same")
    two.normal(about, "Seen", "same")
    one.normal(about, "Seen", "same")  # known, and now younger than the other's
    for message in ("x", "y"):
        two.normal(about, "Seen", message)
    two.normal(about, "Seen", "same")  # forgotten meanwhile
    found = sorted(
        (e.reporting_component or "", e.message or "", e.count) for e in store.list(Event)
    )
    assert found == [
        ("other", "same", 1),
        ("other", "same", 1),
        ("other", "x", 1),
        ("other", "y", 1),
        ("test", "same", 2),
    ]
