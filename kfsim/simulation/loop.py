"""An event loop whose time is a number: it jumps to the next due thing when nothing is ready.

Three queues, one order. Ready callbacks (asyncio's own) run to exhaustion first; then the earliest
of timers (`call_later`, and so `asyncio.sleep`) and events (`call_event`) is taken, and time jumps
to its moment. Both heaps hold `(time, sequence, …)` with one sequence over both, so what is due at
the same moment happens in the order in which it was asked for, whatever the interpreter's hash
seed is.

Events are for the many: a simulated request is one heap entry, called straight from `_drain`, where
a timer costs a handle, a context and a turn through the ready queue. An event that makes something
ready (a woken task, say) ends the drain, so the consequence runs before any later moment.

There is no selector: sockets, pipes, signals and threads do not exist here, and asking for them
raises. A loop with nothing left to do and an unfinished main task is deadlocked and says who waits.
"""

import asyncio
import contextvars
import itertools
from collections import deque
from collections.abc import Callable, Coroutine
from heapq import heapify, heappop, heappush
from typing import Any, NoReturn, TypeVar, TypeVarTuple

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")
Event = Callable[[float], object]

# 2000-01-01T00:00:00Z: a fixed past, so that traces never contain today's date.
EPOCH = 946_684_800.0
DAY = 86_400.0
_SPINS_WITHOUT_TIME = 1_000_000
_DEAD_TIMERS_KEPT = 128


class Stalled(RuntimeError):
    """Virtual time cannot usefully go on; the message names the tasks that still wait."""


class VirtualClock:
    """The virtual loop's time. `now` starts at 0, `wall` at the year 2000."""

    def __init__(self, loop: "VirtualLoop") -> None:
        self._loop = loop

    def now(self) -> float:
        return self._loop.moment

    def wall(self) -> float:
        return EPOCH + self._loop.moment


class VirtualLoop(asyncio.BaseEventLoop):
    """A deterministic asyncio loop in virtual time."""

    # asyncio.BaseEventLoop's own, which typeshed does not list.
    _ready: deque[asyncio.Handle]
    _stopping: bool

    def __init__(self, *, horizon: float = DAY) -> None:
        """`horizon` ends runs that wait for what never comes while timers keep ticking."""
        super().__init__()
        self.moment = 0.0
        """Now. Read it, or `clock`; only the loop sets it."""
        self.clock = VirtualClock(self)
        self._horizon = horizon
        self._sequence = itertools.count()
        # Third: a TimerHandle, an Event. Never compared, because the sequence differs.
        self._timers: list[tuple[float, int, Any]] = []
        self._dead_timers = 0
        self._events: list[tuple[float, int, Any]] = []
        self._spins = 0
        self._spun_at = 0.0

    # Asking for things

    def time(self) -> float:
        return self.moment

    def call_event(self, when: float, event: Event) -> None:
        """Call `event(now)` at `when`; cannot be cancelled. What has passed is due now."""
        heappush(self._events, (when, next(self._sequence), event))

    def call_later(
        self,
        delay: float,
        callback: Callable[[*_Ts], object],
        *args: *_Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        return self.call_at(self.moment + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[*_Ts], object],
        *args: *_Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        heappush(self._timers, (when, next(self._sequence), timer))
        return timer

    def run_in_executor(self, *_: object) -> NoReturn:
        raise RuntimeError(
            "a thread was asked for under virtual time, where nothing may wait for real time; "
            "inject a port whose simulated side answers by virtual timers"
        )

    # Turning

    def _run_once(self) -> None:
        """One turn: what is ready, or else the next moment."""
        ready = self._ready
        if not ready and not self._stopping:
            self._advance()
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle.cancelled():
                handle._run()  # noqa: SLF001  # a loop's own business
        self._spin()

    def _advance(self) -> None:
        """Go to the earliest timers or events, and let them happen."""
        while not self._ready:
            self._drop_dead_timers()
            if self._events:
                self._drain()
            elif self._timers:
                self._fire_timers()
            else:
                raise Stalled(
                    f"deadlock at the virtual time {self.moment:g} s: nothing is ready, no timer "
                    f"is set; {self._who_waits()}"
                )

    def _drain(self) -> None:
        """Run events up to the next timer, or until one of them makes something ready."""
        events, timers, ready = self._events, self._timers, self._ready
        horizon = self._horizon
        while events and not ready:
            event = events[0]
            if timers and timers[0] < event:
                self._fire_timers()
                return
            heappop(events)
            when = event[0]
            if when > self.moment:
                if when > horizon:
                    self._beyond_horizon(when)
                self.moment = when
            else:
                self._spin()
            event[2](self.moment)

    def _fire_timers(self) -> None:
        """Make the first timer ready, and with it all that are due before the next event."""
        timers = self._timers
        when = timers[0][0]
        if when > self.moment:
            if when > self._horizon:
                self._beyond_horizon(when)
            self.moment = when
        limit = self._events[0] if self._events else None
        while timers and timers[0][0] <= self.moment and (limit is None or timers[0] < limit):
            timer = heappop(timers)[2]
            if timer.cancelled():
                self._dead_timers -= 1
            else:
                self._ready.append(timer)

    # Cancelled timers stay in the heap until they surface, or until too many have gathered:
    # every request of an ordinary client sets a timeout that is cancelled soon after.

    def _timer_handle_cancelled(self, _: asyncio.TimerHandle) -> None:
        self._dead_timers += 1

    def _drop_dead_timers(self) -> None:
        timers = self._timers
        if self._dead_timers > _DEAD_TIMERS_KEPT and self._dead_timers > len(timers) // 2:
            timers[:] = [entry for entry in timers if not entry[2].cancelled()]
            heapify(timers)
            self._dead_timers = 0
        while timers and timers[0][2].cancelled():
            heappop(timers)
            self._dead_timers -= 1

    # Saying what is wrong

    def _spin(self) -> None:
        """Something happened without time moving on; too many of these are an endless loop."""
        if self._spun_at != self.moment:
            self._spun_at = self.moment
            self._spins = 0
        self._spins += 1
        if self._spins > _SPINS_WITHOUT_TIME:
            raise Stalled(
                f"{_SPINS_WITHOUT_TIME} turns of the loop at the virtual time {self.moment:g} s "
                f"without time moving on: something wakes itself endlessly; {self._who_waits()}"
            )

    def _beyond_horizon(self, when: float) -> NoReturn:
        raise Stalled(
            f"the next thing would happen at the virtual time {when:g} s, beyond the horizon of "
            f"{self._horizon:g} s; {self._who_waits()}"
        )

    def _who_waits(self) -> str:
        waiting = sorted(f"{task.get_name()} in {_where(task)}" for task in asyncio.all_tasks(self))
        return "still pending: " + ("; ".join(waiting) if waiting else "no task")

    # What asyncio asks of a loop without sockets

    def _write_to_self(self) -> None:
        """Nothing to wake: this loop never sleeps (a Ctrl-C still arrives through here)."""

    def close(self) -> None:
        super().close()
        self._timers.clear()
        self._events.clear()


def _where(task: asyncio.Task[Any]) -> str:
    """The innermost line at which a task waits, as `function (file:line)`."""
    stack = task.get_stack()
    if not stack:
        return "its end"
    code = stack[-1].f_code
    return f"{code.co_qualname} ({code.co_filename.rpartition('/')[2]}:{stack[-1].f_lineno})"


def running_loop() -> VirtualLoop:
    """The virtual loop on which the caller runs."""
    loop = asyncio.get_running_loop()
    if not isinstance(loop, VirtualLoop):
        raise RuntimeError(f"this needs the virtual loop, but runs on {type(loop).__name__}")
    return loop


def run_virtual(main: Coroutine[Any, Any, _T], *, horizon: float = DAY) -> _T:
    """Run a coroutine to its end in virtual time. Raises Stalled when it can never end."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(horizon=horizon)) as runner:
        return runner.run(main)
