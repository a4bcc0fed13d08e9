"""Garbage collection that a latency budget can bear.

Objects live as bytes and decoded views are acyclic, so reference counting frees almost all; but an
automatic collection scans everything at the worst moment, for tens of milliseconds. Here the
youngest generation is collected often, which costs a fraction of a millisecond, and everything
only while nothing happens; what survives that is frozen and never scanned again.
"""

import asyncio
import gc
from collections.abc import Callable

_YOUNG_OBJECTS = 2_000
_BUSY_SECONDS = 0.02
_QUIET_SECONDS = 0.25
_QUIET_TURNS_FOR_ALL = 8
_OLD_COLLECTIONS = 50


class IdleCollector:
    """Takes the garbage collector's timing over; `run` is a background task."""

    def __init__(self, *, busy: Callable[[], bool]) -> None:
        """`busy` tells that requests or reconciles are under way."""
        self._busy = busy
        self._young_since_all = 0
        self._quiet_turns = 0

    async def run(self) -> None:
        """Freeze what start-up made, then collect in good moments for ever."""
        gc.collect()
        gc.freeze()
        gc.disable()
        while True:
            pause = self.collect()
            await asyncio.sleep(pause)

    def collect(self) -> float:
        """Do what the moment allows; returns the seconds until the next look."""
        if gc.get_count()[0] >= _YOUNG_OBJECTS:
            gc.collect(0)
            self._young_since_all += 1
        if self._busy():
            self._quiet_turns = 0
            return _BUSY_SECONDS
        self._quiet_turns += 1
        if self._quiet_turns >= _QUIET_TURNS_FOR_ALL and self._young_since_all >= _OLD_COLLECTIONS:
            gc.collect()
            gc.freeze()
            self._young_since_all = 0
        return _QUIET_SECONDS
