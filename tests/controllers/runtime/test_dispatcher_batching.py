"""Batched keys run once per slice of work."""

import asyncio

from kfsim.api.core import ConfigMap
from kfsim.base.clock import RealClock
from kfsim.base.entropy import SeededEntropy
from kfsim.controllers.runtime import Controller, Dispatcher, Key, Result, watch_self
from kfsim.store import Store


class _Logged:
    def __init__(self, log: list[str]) -> None:
        self._log = log

    def reconcile(self, key: Key) -> Result:
        self._log.append(key.name)
        return Result()


async def test_all_writes_of_a_slice_make_one_batched_reconcile() -> None:
    clock = RealClock()
    store = Store(clock=clock, entropy=SeededEntropy(1))
    log: list[str] = []
    dispatcher = Dispatcher(store=store, clock=clock, slice_seconds=60)
    dispatcher.add(Controller("normal", _Logged(log), (watch_self(ConfigMap),)))
    dispatcher.add(Controller("batch", _Logged(log), (), batched=True))
    dispatcher.start()
    await asyncio.sleep(0)
    for name in ("a", "b"):
        dispatcher.enqueue("normal", Key("ns", name))
        dispatcher.enqueue("batch", Key("", "table"))
    await dispatcher.until_idle()
    dispatcher.enqueue("batch", Key("", "table"))
    await dispatcher.until_idle()
    await dispatcher.close()
    assert log == ["table", "a", "b", "table"]
