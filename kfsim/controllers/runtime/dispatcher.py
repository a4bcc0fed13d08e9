"""The one queue of all controllers and the task that works it off.

Order: batched keys at the start of a slice, then urgent controllers, then the others; of several
controllers that have keys the one added last, and its keys first come first served. Controllers are
added in the order of the object chain, so what a write sets off below is settled before its parent
looks again: a parent sees its children once, as they end up, not at each step on the way. An object
that was just created and has no owner waits until nothing begun is waiting (at most 64 reconciles
long), so that a thousand new objects are worked off one after the other, each while it is in the
caches. A key that is already waiting is not added again (docs/decisions/0004).

A key's failures back off 5 ms, 10 ms, … up to 1,000 s (client-go's
ItemExponentialFailureRateLimiter), and are forgotten at its first success. A Conflict is not a
failure: somebody else wrote first, so the key goes to the back of its queue. The task yields after
each millisecond of work (`slice_seconds`), so that requests on the same loop stay fast.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence

from kfsim.api.meta import Object
from kfsim.base.clock import Clock
from kfsim.base.errors import Conflict
from kfsim.base.tasks import TaskSet
from kfsim.controllers.runtime.controller import Controller, Key, Result, Watch
from kfsim.store import EventType, Store, StoreEvent

_logger = logging.getLogger(__name__)
_FIRST_BACKOFF = 0.005
_LONGEST_BACKOFF = 1000.0
_NEW_AFTER = 64


class Dispatcher:
    """Runs controllers over one store."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        slice_seconds: float = 0.001,
        busy: Callable[[], bool] | None = None,
    ) -> None:
        """`busy` tells that requests are in flight; then each slice is one reconcile."""
        self._store = store
        self._clock = clock
        self._slice = slice_seconds
        self._busy = busy
        self._controllers: dict[str, Controller] = {}
        self._watches: dict[type[Object], list[tuple[Controller, Watch]]] = {}
        self._waiting: dict[tuple[str, Key], None] = {}
        self._queues: dict[str, deque[tuple[str, Key]]] = {}
        self._ranked: tuple[deque[tuple[str, Key]], ...] = ()
        self._batched: deque[tuple[str, Key]] = deque()
        self._new: deque[tuple[str, Key]] = deque()
        self._since_new = 0
        self._failures: dict[tuple[str, Key], int] = {}
        self._timers: dict[tuple[str, Key], tuple[float, asyncio.TimerHandle]] = {}
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._tasks = TaskSet("dispatcher")
        self._unsubscribe: Callable[[], None] | None = None
        self.reconciles = 0

    def add(self, controller: Controller) -> None:
        """Register before `start`, parents before their children."""
        self._controllers[controller.name] = controller
        self._queues[controller.name] = self._batched if controller.batched else deque()
        ranked = sorted(
            (each for each in reversed(self._controllers.values()) if not each.batched),
            key=lambda each: not each.urgent,
        )
        self._ranked = tuple(self._queues[each.name] for each in ranked)
        for watch in controller.watches:
            self._watches.setdefault(watch.model, []).append((controller, watch))

    def start(self) -> None:
        """Subscribe to the store, wake the keys of all that is there, begin to work."""
        self._unsubscribe = self._store.subscribe(self._on_write)
        for model, watches in self._watches.items():
            for entry in self._store.entries(model):
                for controller, watch in watches:
                    for key in watch.keys_of(entry):
                        self._enqueue_now((controller.name, key), new=not entry.owner_uid)
        self._tasks.spawn(self._work(), name="work")

    def enqueue(self, controller: str, key: Key, *, after: float = 0.0) -> None:
        """Ask for a reconcile now, or in `after` seconds (the earliest such wish counts)."""
        if after > 0:
            self._enqueue_later((controller, key), after)
        else:
            self._enqueue_now((controller, key), new=False)

    def _enqueue_now(self, item: tuple[str, Key], *, new: bool) -> None:
        if item in self._waiting:
            return
        self._waiting[item] = None
        chosen = self._controllers[item[0]]
        later = new and not (chosen.batched or chosen.urgent)
        (self._new if later else self._queues[item[0]]).append(item)
        self._idle.clear()
        self._wake.set()

    def _next(self) -> tuple[str, Key] | None:
        """Take the key whose turn it is; None when only batched ones wait."""
        queue = next(filter(None, self._ranked), None)
        if self._new and (queue is None or self._since_new >= _NEW_AFTER):
            self._since_new = 0
            return self._new.popleft()
        self._since_new += 1
        return None if queue is None else queue.popleft()

    async def until_idle(self) -> None:
        """Wait until no key waits (timers may still be pending)."""
        while self._waiting:
            await self._idle.wait()

    async def close(self) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        for _, handle in self._timers.values():
            handle.cancel()
        self._timers.clear()
        await self._tasks.close()

    def _on_write(self, event: StoreEvent) -> None:
        new = event.type is EventType.ADDED and not event.entry.owner_uid
        for controller, watch in self._watches.get(event.entry.model, ()):
            if watch.only is not None and not watch.only(event):
                continue
            for key in watch.keys_of(event.entry):
                self._enqueue_now((controller.name, key), new=new)

    def _enqueue_later(self, item: tuple[str, Key], after: float) -> None:
        due = self._clock.now() + after
        pending = self._timers.get(item)
        if pending is not None:
            if pending[0] <= due:
                return
            pending[1].cancel()
        handle = asyncio.get_running_loop().call_later(after, self._on_timer, item, due)
        self._timers[item] = (due, handle)

    def _on_timer(self, item: tuple[str, Key], due: float) -> None:
        del self._timers[item]
        left = due - self._clock.now()
        if left > 0:  # the loop's timers may fire up to a millisecond early
            self._enqueue_later(item, left)
        else:
            self.enqueue(item[0], item[1])

    async def _work(self) -> None:
        while True:
            if not self._waiting:
                self._wake.clear()
                self._idle.set()
                await self._wake.wait()
            deadline = self._clock.now() + self._slice
            for _ in range(len(self._batched)):
                self._one(self._batched.popleft())
            while (item := self._next()) is not None:
                self._one(item)
                if self._clock.now() >= deadline or (self._busy is not None and self._busy()):
                    break
            await asyncio.sleep(0)

    def _one(self, item: tuple[str, Key]) -> None:
        del self._waiting[item]
        name, key = item
        self.reconciles += 1
        try:
            result = self._controllers[name].reconciler.reconcile(key)
        except Conflict:
            self.enqueue(name, key)
            return
        except Exception:
            failures = self._failures.get(item, 0)
            self._failures[item] = failures + 1
            backoff = min(_FIRST_BACKOFF * 2**failures, _LONGEST_BACKOFF)
            if failures == 0:
                _logger.exception("reconciling %s %s failed; trying again", name, key)
            self.enqueue(name, key, after=backoff)
            return
        self._failures.pop(item, None)
        self._requeue(item, result)

    def _requeue(self, item: tuple[str, Key], result: Result) -> None:
        if result.requeue_after is not None:
            self.enqueue(item[0], item[1], after=max(result.requeue_after, 1e-9))

    @property
    def busy(self) -> bool:
        """Whether a key waits."""
        return bool(self._waiting)

    @property
    def pending(self) -> Sequence[tuple[str, Key]]:
        """What waits now, for diagnosis."""
        return tuple(self._waiting)
