"""A parent waits until what it set off below is settled."""

from kfsim.api.core import ConfigMap, Pod, Secret
from kfsim.api.meta import Object, ObjectMeta, owner_reference
from kfsim.base.clock import RealClock
from kfsim.base.entropy import SeededEntropy
from kfsim.controllers.runtime import (
    Controller,
    Dispatcher,
    Key,
    Result,
    watch_owned,
    watch_self,
)
from kfsim.store import Store


class _Making:
    """Makes one child of its object, of the same name, and logs each look at it."""

    def __init__(
        self, store: Store, log: list[str], model: type[Object], child: type[Object] | None
    ) -> None:
        self._store = store
        self._log = log
        self._model = model
        self._child = child

    def reconcile(self, key: Key) -> Result:
        self._log.append(f"{self._model.KIND} {key.name}")
        parent = self._store.get(self._model, key.name, key.namespace)
        if self._child and self._store.find(self._child, key.name, key.namespace) is None:
            metadata = ObjectMeta(
                name=key.name, namespace=key.namespace, owner_references=(owner_reference(parent),)
            )
            self._store.create(self._child(metadata=metadata))
        return Result()


async def test_each_chain_is_worked_to_its_end_before_the_next_and_before_parents() -> None:
    clock = RealClock()
    store = Store(clock=clock, entropy=SeededEntropy(1))
    log: list[str] = []
    dispatcher = Dispatcher(store=store, clock=clock)
    for model, child in ((ConfigMap, Secret), (Secret, Pod), (Pod, None)):
        watches = [watch_self(model)]
        if child is not None:
            watches.append(watch_owned(child, owner=model))
        reconciler = _Making(store, log, model, child)
        dispatcher.add(Controller(model.KIND, reconciler, tuple(watches)))
    for name in "ab":
        store.create(ConfigMap(metadata=ObjectMeta(name=name, namespace="n")))
    dispatcher.start()
    await dispatcher.until_idle()
    await dispatcher.close()
    first, second = (
        [f"ConfigMap {name}", f"Secret {name}", f"Pod {name}", f"Secret {name}"] for name in "ab"
    )
    assert log == [*first, "ConfigMap a", *second, "ConfigMap b"]
