"""A limit on running requests with a bounded queue in front (knative pkg/queue/breaker.go).

Every request takes one of `queue_depth + max_concurrency` slots, or is rejected. A request with a
slot runs while fewer than `capacity` run; the others wait in the order in which they came. Changing
the capacity never changes the number of slots, and lowering it interrupts nobody: running requests
finish, and nobody starts until fewer than `capacity` run.

queue-proxy has queue_depth 10 * cc and max_concurrency = initial_capacity = cc. The activator has
queue_depth 10000 and starts with capacity 0.
"""

from collections import OrderedDict
from collections.abc import Hashable
from enum import StrEnum
from typing import Final, Generic, TypeVar

WaiterT = TypeVar("WaiterT", bound=Hashable)


class BreakerState(StrEnum):
    """What became of a request that asked for a place."""

    RUNNING = "running"
    WAITING = "waiting"
    REJECTED = "rejected"


# Looked up once: a member of an enumeration costs more than most of what is done with it.
_RUNNING: Final = BreakerState.RUNNING
_WAITING: Final = BreakerState.WAITING
_REJECTED: Final = BreakerState.REJECTED


class Breaker(Generic[WaiterT]):
    """Counts running requests, queues waiting ones. Every operation takes constant time."""

    __slots__ = ("_capacity", "_running", "_total_slots", "_waiting")

    def __init__(self, *, queue_depth: int, max_concurrency: int, initial_capacity: int) -> None:
        if queue_depth < 1:
            raise ValueError(f"queue_depth must be at least 1, was {queue_depth}")
        if max_concurrency < 0:
            raise ValueError(f"max_concurrency must not be negative, was {max_concurrency}")
        if not 0 <= initial_capacity <= max_concurrency:
            raise ValueError(
                f"initial_capacity must be within 0 and {max_concurrency}, was {initial_capacity}"
            )
        self._total_slots = queue_depth + max_concurrency
        self._capacity = initial_capacity
        self._running = 0
        self._waiting: OrderedDict[WaiterT, None] = OrderedDict()

    @property
    def capacity(self) -> int:
        """How many may run at once."""
        return self._capacity

    @property
    def running(self) -> int:
        return self._running

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def in_flight(self) -> int:
        """Slots taken: running and waiting."""
        return self._running + len(self._waiting)

    def reserve(self, waiter: WaiterT) -> BreakerState:
        """Take a slot. A waiter that is WAITING is returned later by release or set_capacity,
        unless it is cancelled; a waiter must not ask again while it waits."""
        if self._running + len(self._waiting) >= self._total_slots:
            return _REJECTED
        if self._running < self._capacity and not self._waiting:
            self._running += 1
            return _RUNNING
        if waiter in self._waiting:
            raise ValueError(f"{waiter!r} already waits in this breaker")
        self._waiting[waiter] = None
        return _WAITING

    def release(self) -> WaiterT | None:
        """A running request finished; the returned waiter, if any, runs from now on."""
        if self._running == 0:
            raise ValueError("release without a running request")
        self._running -= 1
        return self._start_next() if self._waiting else None

    def cancel(self, waiter: WaiterT) -> None:
        """A waiting request gave up; raises KeyError when it does not wait here."""
        del self._waiting[waiter]

    def set_capacity(self, capacity: int) -> list[WaiterT]:
        """Change how many may run; returns the waiters that run from now on, oldest first."""
        if capacity < 0:
            raise ValueError(f"capacity must not be negative, was {capacity}")
        self._capacity = capacity
        started: list[WaiterT] = []
        while (waiter := self._start_next()) is not None:
            started.append(waiter)
        return started

    def _start_next(self) -> WaiterT | None:
        if self._running >= self._capacity or not self._waiting:
            return None
        waiter, _ = self._waiting.popitem(last=False)
        self._running += 1
        return waiter
