"""Garbage collection that a latency budget can bear.

Objects live as bytes and decoded views are acyclic, so reference counting frees almost all; but an
automatic collection of everything scans it at the worst moment, for tens of milliseconds. Here the
interpreter collects only the youngest generation by itself, a thousand objects at a time, which
takes a fraction of a millisecond, and everything is collected only while nothing happens; what
survives that is frozen and never scanned again. Then the C library gives pages that became free in
the middle of its heap back to the system: after a burst of work it keeps them otherwise.
"""

import asyncio
import ctypes
import gc
from collections.abc import Callable

_YOUNG_OBJECTS = 1_000
_NEVER = 2**31 - 1
_QUIET_SECONDS = 0.25
_QUIET_TURNS_FOR_ALL = 8
_OLD_COLLECTIONS = 50


class IdleCollector:
    """Takes the garbage collector's timing over; `run` is a background task."""

    def __init__(self, *, busy: Callable[[], bool]) -> None:
        """`busy` tells that requests or reconciles are under way."""
        self._busy = busy
        self._quiet_turns = 0

    async def run(self) -> None:
        """Freeze what start-up made, then collect in good moments for ever."""
        gc.collect()
        gc.freeze()
        gc.set_threshold(_YOUNG_OBJECTS, _NEVER, _NEVER)
        while True:
            await asyncio.sleep(_QUIET_SECONDS)
            self.look()

    def look(self) -> None:
        """Collect everything once it has been quiet for a while, if there was enough to do since
        the last time."""
        if self._busy():
            self._quiet_turns = 0
            return
        self._quiet_turns += 1
        if self._quiet_turns >= _QUIET_TURNS_FOR_ALL and gc.get_count()[1] >= _OLD_COLLECTIONS:
            gc.collect()
            gc.freeze()
            _give_back()


def _give_back() -> None:
    """malloc_trim(3), where the C library is glibc."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
