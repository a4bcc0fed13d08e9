"""One loop timer for all deadlines of the flow core.

A timer can fire up to a millisecond early on uvloop, so `expire` is asked with the Clock's time
and the timer is set again for what is left.
"""

import asyncio
from math import inf

from kfsim.base.clock import Clock
from kfsim.flow import FlowCore

_SLACK = 0.001


class DeadlineTimer:
    """Calls `flow.expire` in time; `arm` is called after every admission."""

    def __init__(self, flow: FlowCore, clock: Clock) -> None:
        self._flow = flow
        self._clock = clock
        self._armed_for = inf
        self._handle: asyncio.TimerHandle | None = None

    def arm(self) -> None:
        """Make sure that the timer fires by the next deadline."""
        deadline = self._flow.next_deadline()
        if deadline is not None and deadline < self._armed_for:
            self._set(deadline)

    def close(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _set(self, deadline: float) -> None:
        self.close()
        self._armed_for = deadline
        delay = max(deadline - self._clock.now(), 0.0) + _SLACK
        self._handle = asyncio.get_running_loop().call_later(delay, self._fire)

    def _fire(self) -> None:
        self._handle = None
        self._armed_for = inf
        self._flow.expire(self._clock.now())
        self.arm()
