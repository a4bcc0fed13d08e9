import asyncio

import pytest

from kfsim.api.core import ConfigMap, Pod
from kfsim.api.meta import ObjectMeta
from kfsim.base.clock import RealClock
from kfsim.base.entropy import SeededEntropy
from kfsim.base.errors import Gone
from kfsim.store import EventType, MemoryJournal, Store
from kfsim.store import history as history_module


@pytest.fixture
def store() -> Store:
    return Store(clock=RealClock(), entropy=SeededEntropy(1))


def write(store: Store, name: str) -> ConfigMap:
    return store.create(ConfigMap(metadata=ObjectMeta(name=name, namespace="n")))


async def test_a_watch_replays_and_then_follows(store: Store) -> None:
    first = write(store, "a")
    write(store, "b")
    watch = store.watch(ConfigMap, since=int(first.metadata.resource_version))
    assert (await anext(watch)).entry.name == "b"
    write(store, "c")
    store.create(Pod(metadata=ObjectMeta(name="p", namespace="n")))
    store.delete(ConfigMap, "a", "n")
    assert (await anext(watch)).entry.name == "c"
    assert (await anext(watch)).type is EventType.DELETED
    watch.close()
    with pytest.raises(StopAsyncIteration):
        await anext(watch)


async def test_a_waiting_consumer_is_woken(store: Store) -> None:
    watch = store.watch(ConfigMap)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(watch.__anext__())
        await asyncio.sleep(0)
        write(store, "a")
    assert task.result().entry.name == "a"


async def test_closing_the_store_ends_watches(store: Store) -> None:
    watch = store.watch(ConfigMap)
    await store.close()
    assert [event async for event in watch] == []


def test_history_is_bounded_per_kind(store: Store) -> None:
    write(store, "first")
    for number in range(history_module.KEPT_PER_KIND):
        write(store, f"a{number}")
    assert len(store.watch(ConfigMap, since=1).take()) == history_module.KEPT_PER_KIND
    with pytest.raises(Gone, match="too old resource version: 0 \\(1\\)"):
        store.watch(ConfigMap, since=0)
    store.watch(Pod, since=0)


def test_history_does_not_reach_beyond_a_restart() -> None:
    journal = MemoryJournal()
    write(Store(clock=RealClock(), entropy=SeededEntropy(1), journal=journal), "a")
    again = Store(clock=RealClock(), entropy=SeededEntropy(1), journal=journal)
    with pytest.raises(Gone):
        again.watch(ConfigMap, since=1)
    again.watch(ConfigMap, since=again.resource_version)


async def test_a_consumer_that_falls_behind_is_told(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_module, "_LONGEST_QUEUE", 3)
    watch = store.watch(ConfigMap)
    for name in "abcd":
        write(store, name)
    with pytest.raises(Gone, match="fell too far behind"):
        await anext(watch)
