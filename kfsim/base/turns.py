"""Long walks on a loop that others need too."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

from kfsim.base.clock import Clock

T = TypeVar("T")
_TURN = 0.0005


async def in_turns(items: Iterable[T], clock: Clock) -> AsyncIterator[T]:
    """The items; whatever else waits on the loop has its turn after each half millisecond."""
    end = clock.now() + _TURN
    for item in items:
        yield item
        if clock.now() >= end:
            await asyncio.sleep(0)
            end = clock.now() + _TURN
