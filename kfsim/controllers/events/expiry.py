"""Deletes each Event an hour after its last write (kube-apiserver's `--event-ttl`, 1h0m0s).

Everything waits for equally long, so what was written last also ends last: one ordered dict is the
queue, and one task sleeps until its first end. It looks once a minute at most: kube-apiserver, too,
lets Events live for up to a minute longer, because they share leases (`lease_manager.go`).

What only kfsim says of an object (`NOTES`: something is substituted or has no effect) stays for as
long as the object does, because the fidelity report is made of it.
"""

import asyncio
import logging
from collections import OrderedDict
from typing import Any

import orjson

from kfsim.api.core import Event
from kfsim.api.fidelity.table import NOTES
from kfsim.base.clock import Clock, parse_timestamp
from kfsim.base.errors import Unavailable
from kfsim.base.tasks import TaskSet
from kfsim.store import Entry, EventType, Store, StoreEvent

TIME_TO_LIVE = 3600.0
_BETWEEN_LOOKS = 60.0
_BATCH = 100  # some milliseconds of work, then others have their turn
_logger = logging.getLogger(__name__)


class EventExpiry:
    """For all Events of a store, those of an earlier daemon too."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._ends: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._waiting = asyncio.Event()
        self._tasks = TaskSet("events")

    def __len__(self) -> int:
        """How many Events wait for their end."""
        return len(self._ends)

    def start(self) -> None:
        """Take up the Events that are there, by the times that they name."""
        now, wall = self._clock.now(), self._clock.wall()
        left = [(_seconds_left(entry, wall), entry) for entry in self._store.entries(Event)]
        for seconds, entry in sorted(left, key=lambda each: each[0]):
            self._await(entry.key, now + seconds)
        self._store.subscribe(self._observe)
        self._tasks.spawn(self._run(), name="expiry")

    async def close(self) -> None:
        await self._tasks.close()

    def _observe(self, event: StoreEvent) -> None:
        entry = event.entry
        if entry.model is not Event:
            return
        if event.type is EventType.DELETED or entry.deleting:
            self._ends.pop(entry.key, None)
        else:
            self._await(entry.key, self._clock.now() + TIME_TO_LIVE)

    def _await(self, key: tuple[str, str], end: float) -> None:
        self._ends[key] = end
        self._ends.move_to_end(key)
        self._waiting.set()

    async def _run(self) -> None:
        while True:
            await self._waiting.wait()
            first = next(iter(self._ends.values()), 0.0)
            await asyncio.sleep(max(_BETWEEN_LOOKS, first - self._clock.now()))
            try:
                await self._expire()
            except Unavailable as error:  # looked at again, like everything else, at the next look
                _logger.warning("Events are kept for longer: %s", error.message)

    async def _expire(self) -> None:
        """End what is due; each deletion takes its Event off the queue (`_observe`)."""
        looked_at = 0
        while self._ends:
            key, end = next(iter(self._ends.items()))
            now = self._clock.now()
            if end > now:
                return
            if self._is_kept(key):
                self._await(key, now + TIME_TO_LIVE)
            else:
                self._store.delete(Event, key[1], key[0])
            looked_at += 1
            if looked_at % _BATCH == 0:
                await asyncio.sleep(0)
        self._waiting.clear()

    def _is_kept(self, key: tuple[str, str]) -> bool:
        event = self._store.get(Event, key[1], key[0])
        return event.reason in NOTES and self._store.holds(event.involved_object.uid or "")


def _seconds_left(entry: Entry, wall: float) -> float:
    """Of a stored Event's hour; all of it where its time cannot be read or is yet to come."""
    content: dict[str, Any] = orjson.loads(entry.raw)
    times = (content["metadata"].get("creationTimestamp"), content.get("lastTimestamp"))
    try:
        written = max(parse_timestamp(text) for text in times if text)
    except ValueError:
        return TIME_TO_LIVE
    return min(TIME_TO_LIVE, max(0.0, written + TIME_TO_LIVE - wall))
