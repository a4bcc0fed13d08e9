"""The DrainGate: empties replicas before they are stopped."""

import asyncio
from collections.abc import Callable

from kfsim.base.clock import Clock
from kfsim.base.types import ReplicaKey
from kfsim.flow import FlowCore


class _Drain:
    """One replica's way out: done once, at zero in flight or when the grace is over."""

    __slots__ = ("_clock", "_deadline", "_done", "_handle", "_loop")

    def __init__(self, clock: Clock, deadline: float, done: Callable[[], None]) -> None:
        self._clock = clock
        self._deadline = deadline
        self._done: Callable[[], None] | None = done
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.Handle | None = None

    def wait(self) -> None:
        remaining = self._deadline - self._clock.now()
        if remaining <= 0:
            self.finish()
        else:
            self._handle = self._loop.call_later(remaining, self.wait)

    def finish(self) -> None:
        """Never called from within `begin`, so that `done` always comes later."""
        done, self._done = self._done, None
        if self._handle is not None:
            self._handle.cancel()
        if done is not None:
            done()


class Drains:
    """Starts drains; keeps nothing, because the flow core and the timer hold each of them."""

    def __init__(self, flow: FlowCore, clock: Clock) -> None:
        self._flow = flow
        self._clock = clock

    def begin(self, replica: ReplicaKey, *, grace: float, done: Callable[[], None]) -> None:
        """See `base.ports.DrainGate`."""
        now = self._clock.now()
        drain = _Drain(self._clock, now + grace, done)
        loop = asyncio.get_running_loop()
        if self._flow.begin_drain(replica, now, drain.finish):
            loop.call_soon(drain.finish)
        else:
            loop.call_soon(drain.wait)
