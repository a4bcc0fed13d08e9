"""Keys are settled while what they read stays as it was."""

from kfsim.api.core import ConfigMap
from kfsim.api.meta import ObjectMeta
from kfsim.base.entropy import SeededEntropy
from kfsim.controllers.runtime import Key, Settled, version_of
from kfsim.store import Store
from kfsim.testing.clock import FakeClock

KEY = Key("ns", "a")


def test_other_inputs_unsettle_a_key() -> None:
    settled = Settled()
    assert not settled.is_settled(KEY, (1, 2))
    settled.settle(KEY, (1, 2))
    assert settled.is_settled(KEY, (1, 2))
    assert not settled.is_settled(KEY, (1, 3))
    settled.forget(KEY)
    assert not settled.is_settled(KEY, (1, 2))


def test_a_missing_object_has_version_zero() -> None:
    store = Store(clock=FakeClock(), entropy=SeededEntropy(1))
    assert version_of(store, ConfigMap, "a", "ns") == 0
    created = store.create(ConfigMap(metadata=ObjectMeta(name="a", namespace="ns")))
    version = version_of(store, ConfigMap, "a", "ns")
    assert str(version) == created.metadata.resource_version
