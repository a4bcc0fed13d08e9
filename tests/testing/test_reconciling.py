"""The bench finds reconcilers that never come to rest."""

import pytest

from kfsim.api.core import ConfigMap
from kfsim.api.meta import ObjectMeta
from kfsim.controllers.runtime import Key, Result
from kfsim.store import Store
from kfsim.testing.reconciling import ReconcilerBench


class Counting:
    """Writes at every run until the count is there."""

    def __init__(self, store: Store, *, until: int) -> None:
        self._store = store
        self._until = until

    def reconcile(self, key: Key) -> Result:
        found = self._store.get(ConfigMap, key.name, key.namespace)
        count = min(int(found.data.get("count", "0")) + 1, self._until)
        self._store.update(found.replaced(data={"count": str(count)}))
        return Result()


def _bench(until: int) -> ReconcilerBench:
    bench = ReconcilerBench(lambda it: Counting(it.store, until=until))
    bench.given(ConfigMap(metadata=ObjectMeta(name="a", namespace="default")))
    return bench


def test_a_second_run_that_writes_is_an_error() -> None:
    with pytest.raises(AssertionError, match="ConfigMap"):
        _bench(2).reconcile("a")


def test_a_reconciler_at_rest_passes() -> None:
    bench = _bench(1)
    bench.reconcile("a")
    assert bench.store.get(ConfigMap, "a", "default").data == {"count": "1"}
    assert bench.events() == []
