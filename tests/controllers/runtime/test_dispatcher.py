"""The queue of all controllers: order, deduplication, back-off, yielding."""

import asyncio
from collections.abc import Iterator

import pytest

from kfsim.api.core import ConfigMap, Pod
from kfsim.api.meta import ObjectMeta, owner_reference
from kfsim.base.clock import RealClock
from kfsim.base.entropy import SeededEntropy
from kfsim.base.errors import Conflict
from kfsim.controllers.runtime import (
    Controller,
    Dispatcher,
    Key,
    Result,
    watch_owned,
    watch_self,
)
from kfsim.store import Store


class Scripted:
    """Answers each reconcile with the next of its script, then with `Result()`."""

    def __init__(self, *script: Result | Exception) -> None:
        self.seen: list[Key] = []
        self._script: Iterator[Result | Exception] = iter(script)

    def reconcile(self, key: Key) -> Result:
        self.seen.append(key)
        step = next(self._script, Result())
        if isinstance(step, Exception):
            raise step
        return step


@pytest.fixture
def store() -> Store:
    return Store(clock=RealClock(), entropy=SeededEntropy(1))


def make_dispatcher(store: Store, *controllers: Controller) -> Dispatcher:
    dispatcher = Dispatcher(store=store, clock=RealClock())
    for controller in controllers:
        dispatcher.add(controller)
    return dispatcher


def config_map(name: str) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name=name, namespace="n"))


async def test_what_is_there_at_start_and_every_write_wakes_its_key(store: Store) -> None:
    store.create(config_map("before"))
    reconciler = Scripted()
    dispatcher = make_dispatcher(store, Controller("c", reconciler, (watch_self(ConfigMap),)))
    dispatcher.start()
    await dispatcher.until_idle()
    store.create(config_map("after"))
    await dispatcher.until_idle()
    assert reconciler.seen == [Key("n", "before"), Key("n", "after")]
    await dispatcher.close()
    store.create(config_map("too-late"))
    assert len(reconciler.seen) == 2


async def test_a_child_wakes_its_owner(store: Store) -> None:
    owner = store.create(config_map("owner"))
    reconciler = Scripted()
    watch = watch_owned(Pod, owner=ConfigMap)
    dispatcher = make_dispatcher(store, Controller("c", reconciler, (watch,)))
    dispatcher.start()
    metadata = ObjectMeta(name="p", namespace="n", owner_references=(owner_reference(owner),))
    store.create(Pod(metadata=metadata))
    store.create(Pod(metadata=ObjectMeta(name="orphan", namespace="n")))
    await dispatcher.until_idle()
    assert reconciler.seen == [Key("n", "owner")]
    await dispatcher.close()


async def test_a_waiting_key_is_not_added_twice_and_urgent_keys_overtake(store: Store) -> None:
    order: list[str] = []

    class Named:
        def __init__(self, name: str) -> None:
            self._name = name

        def reconcile(self, key: Key) -> Result:
            order.append(f"{self._name} {key.name}")
            return Result()

    dispatcher = make_dispatcher(
        store,
        Controller("slow", Named("slow"), ()),
        Controller("fast", Named("fast"), (), urgent=True),
    )
    for _ in range(2):
        dispatcher.enqueue("slow", Key("n", "a"))
        dispatcher.enqueue("fast", Key("n", "b"))
    dispatcher.start()
    await dispatcher.until_idle()
    assert order == ["fast b", "slow a"]
    await dispatcher.close()


async def test_what_was_begun_is_finished_before_a_new_object_is_begun(store: Store) -> None:
    order: list[str] = []
    dispatchers: list[Dispatcher] = []

    class Thrice:
        def reconcile(self, key: Key) -> Result:
            order.append(key.name)
            if order.count(key.name) < 3:
                dispatchers[0].enqueue("c", key)
            return Result()

    dispatcher = make_dispatcher(store, Controller("c", Thrice(), (watch_self(ConfigMap),)))
    dispatchers.append(dispatcher)
    dispatcher.start()
    for name in ("a", "b", "c"):
        store.create(config_map(name))
    await dispatcher.until_idle()
    assert order == ["a", "a", "a", "b", "b", "b", "c", "c", "c"]
    await dispatcher.close()


async def test_a_new_object_is_begun_even_while_others_never_rest(store: Store) -> None:
    begun = asyncio.Event()
    dispatchers: list[Dispatcher] = []

    class Restless:
        def reconcile(self, key: Key) -> Result:
            if key.name == "new":
                begun.set()
            elif not begun.is_set():
                dispatchers[0].enqueue("c", key)
            return Result()

    dispatcher = make_dispatcher(store, Controller("c", Restless(), (watch_self(ConfigMap),)))
    dispatchers.append(dispatcher)
    dispatcher.enqueue("c", Key("n", "restless"))
    dispatcher.start()
    store.create(config_map("new"))
    async with asyncio.timeout(5):
        await begun.wait()
    await dispatcher.close()


async def test_a_conflict_is_tried_again_at_once(store: Store) -> None:
    reconciler = Scripted(Conflict("changed"))
    dispatcher = make_dispatcher(store, Controller("c", reconciler, ()))
    dispatcher.enqueue("c", Key("n", "a"))
    dispatcher.start()
    await dispatcher.until_idle()
    assert len(reconciler.seen) == 2
    await dispatcher.close()


async def test_failures_back_off_and_are_logged_once(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    third = asyncio.Event()

    class Flaky(Scripted):
        def reconcile(self, key: Key) -> Result:
            if len(self.seen) == 2:
                third.set()
            return super().reconcile(key)

    reconciler = Flaky(RuntimeError("one"), RuntimeError("two"))
    dispatcher = make_dispatcher(store, Controller("c", reconciler, ()))
    dispatcher.enqueue("c", Key("n", "a"))
    dispatcher.start()
    async with asyncio.timeout(5):
        await third.wait()
    assert caplog.text.count("reconciling c n/a failed") == 1
    await dispatcher.close()


async def test_requeue_after_comes_back_and_the_earliest_wish_counts(store: Store) -> None:
    again = asyncio.Event()

    class Twice(Scripted):
        def reconcile(self, key: Key) -> Result:
            if self.seen:
                again.set()
            return super().reconcile(key)

    reconciler = Twice(Result(requeue_after=0.002))
    dispatcher = make_dispatcher(store, Controller("c", reconciler, ()))
    dispatcher.enqueue("c", Key("n", "a"), after=3600)
    dispatcher.enqueue("c", Key("n", "a"))
    dispatcher.start()
    async with asyncio.timeout(5):
        await again.wait()
    await dispatcher.close()


async def test_long_work_lets_the_loop_turn(store: Store) -> None:
    clock = RealClock()

    class Busy:
        def reconcile(self, key: Key) -> Result:
            deadline = clock.now() + 0.0004
            while clock.now() < deadline:
                pass
            return Result()

    dispatcher = make_dispatcher(store, Controller("c", Busy(), ()))
    for number in range(100):
        dispatcher.enqueue("c", Key("n", str(number)))
    dispatcher.start()
    turns = 0
    while dispatcher.pending:
        await asyncio.sleep(0)
        turns += 1
    assert turns > 10
    await dispatcher.close()
