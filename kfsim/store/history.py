"""Watches: the writes of one kind since a resourceVersion, in order, without gaps.

Each kind keeps a ring of its latest events. A watch first replays what the ring holds beyond its
starting version, then hears new writes in the tick in which they happen; its consumer takes them
from a queue. A start before the ring's beginning, and a consumer that falls too far behind, end in
Gone: the client must list again (as the watch cache of the Kubernetes API server does).
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from kfsim.api.meta import Object
from kfsim.base.errors import Gone
from kfsim.store.entry import StoreEvent

KEPT_PER_KIND: Final = 64
_LONGEST_QUEUE: Final = 20_000


class Watch:
    """An async iterator over one kind's events; ends after `close`."""

    def __init__(self, backlog: list[StoreEvent], on_close: Callable[["Watch"], None]) -> None:
        self._queue: deque[StoreEvent] = deque(backlog)
        self._on_close = on_close
        self._news = asyncio.Event()
        self._closed = False
        self._overrun = False
        if backlog:
            self._news.set()

    def __aiter__(self) -> "Watch":
        return self

    async def __anext__(self) -> StoreEvent:
        """The next event. Raises Gone once the queue has overrun."""
        while not self._queue:
            if self._overrun:
                raise Gone("the watch fell too far behind; list again")
            if self._closed:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._queue.popleft()

    def take(self) -> list[StoreEvent]:
        """Everything that waits, without waiting."""
        events = list(self._queue)
        self._queue.clear()
        return events

    def push(self, event: StoreEvent) -> None:
        """Called by the history for each new event."""
        if len(self._queue) >= _LONGEST_QUEUE:
            self._queue.clear()
            self._overrun = True
            self.close()
            return
        self._queue.append(event)
        self._news.set()

    def close(self) -> None:
        """Hear nothing more; what waits is still handed out."""
        if not self._closed:
            self._closed = True
            self._on_close(self)
            self._news.set()


class History:
    """The rings and the open watches of one store."""

    def __init__(self, *, kept: int = KEPT_PER_KIND) -> None:
        self._kept = kept
        self._rings: dict[type[Object], deque[StoreEvent]] = {}
        self._floors: dict[type[Object], int] = {}
        self._watches: dict[type[Object], dict[Watch, None]] = {}
        self._beginning = 0

    def begin_at(self, version: int) -> None:
        """Nothing before `version` can be replayed (a restored store remembers no events)."""
        self._beginning = version

    def record(self, event: StoreEvent) -> None:
        model = event.entry.model
        ring = self._rings.get(model)
        if ring is None:
            ring = self._rings[model] = deque()
        if len(ring) >= self._kept:
            self._floors[model] = ring.popleft().entry.resource_version
        ring.append(event)
        for watch in tuple(self._watches.get(model, ())):
            watch.push(event)

    def watch(self, model: type[Object], since: int) -> Watch:
        """Events of a kind with a resourceVersion above `since`. Raises Gone."""
        floor = self._floors.get(model, self._beginning)
        if since < floor:
            raise Gone(f"too old resource version: {since} ({floor})")
        backlog = [
            event for event in self._rings.get(model, ()) if event.entry.resource_version > since
        ]
        watches = self._watches.setdefault(model, {})
        watch = Watch(backlog, lambda closed: watches.pop(closed, None))
        watches[watch] = None
        return watch

    @property
    def open_watches(self) -> int:
        return sum(len(watches) for watches in self._watches.values())

    def close(self) -> None:
        """End all watches."""
        for watches in self._watches.values():
            for watch in tuple(watches):
                watch.close()
