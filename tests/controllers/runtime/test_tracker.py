"""Tracked references wake their referrers."""

from kfsim.api.core import ConfigMap
from kfsim.api.meta import ObjectMeta
from kfsim.api.scheme import kind_of
from kfsim.controllers.runtime import Key, Tracker
from kfsim.store.store import make_entry


def _woken(tracker: Tracker, name: str) -> tuple[Key, ...]:
    obj = ConfigMap(metadata=ObjectMeta(name=name, namespace="ns"))
    watch = tracker.watch(ConfigMap)
    return tuple(watch.keys_of(make_entry(kind_of(ConfigMap), obj, 1)))


def test_a_write_wakes_the_keys_that_refer_to_it() -> None:
    tracker = Tracker()
    tracker.track(Key("ns", "one"), [(ConfigMap, "ns", "a"), (ConfigMap, "ns", "b")])
    tracker.track(Key("ns", "two"), [(ConfigMap, "ns", "a")])
    assert _woken(tracker, "a") == (Key("ns", "one"), Key("ns", "two"))
    assert _woken(tracker, "b") == (Key("ns", "one"),)


def test_the_latest_telling_counts() -> None:
    tracker = Tracker()
    tracker.track(Key("ns", "one"), [(ConfigMap, "ns", "a")])
    tracker.track(Key("ns", "one"), [(ConfigMap, "ns", "b")])
    assert _woken(tracker, "a") == ()
    tracker.track(Key("ns", "one"), ())
    assert _woken(tracker, "b") == ()
