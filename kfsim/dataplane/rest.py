"""How long a client connection has been without a request, told by looking at it now and then.

A connection has no timer and reads no clock for this: each look compares where it stands with
where it stood at the look before. So the times are exact to one interval between looks.
"""

import asyncio
from collections.abc import Iterator
from itertools import chain, islice
from typing import Final

from kfsim.base.clock import Clock
from kfsim.dataplane.buffered import BufferedBytes
from kfsim.dataplane.connections import Closable, OpenConnections

_INTERVAL: Final = 1.0
_PORTION: Final = 500  # some 0.2 ms


class Rest:
    """What the looks at one connection have seen."""

    __slots__ = ("_since", "_state")

    def __init__(self) -> None:
        self._state: object = None
        self._since = 0.0

    def seconds(self, state: object, now: float) -> float:
        """How long the state has been the same, at least."""
        if state != self._state:
            self._state = state
            self._since = now
        return now - self._since


class Looks:
    """Looks at all connections of some groups, from `start` to `close`, a portion of them in one
    turn of the loop; `buffered` is told then what they hold."""

    def __init__(self, clock: Clock, buffered: BufferedBytes, *groups: OpenConnections) -> None:
        self._clock = clock
        self._buffered = buffered
        self._groups = groups
        self._remaining: Iterator[Closable] = iter(())
        self._loose = 0
        self._handle: asyncio.Handle | None = None

    def start(self) -> None:
        """Idempotent."""
        if self._handle is None:
            self._again()

    def close(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _again(self) -> None:
        self._handle = asyncio.get_running_loop().call_later(_INTERVAL, self._begin)

    def _begin(self) -> None:
        self._loose = 0
        self._remaining = iter([*chain.from_iterable(self._groups)])
        self._look()

    def _look(self) -> None:
        now, portion = self._clock.now(), [*islice(self._remaining, _PORTION)]
        for connection in portion:
            connection.look(now)
            self._loose += connection.loose_bytes()
        if len(portion) == _PORTION:
            self._handle = asyncio.get_running_loop().call_soon(self._look)
        else:
            self._buffered.measure(self._loose, chain.from_iterable(self._groups))
            self._again()
