"""The queue-proxy of one replica: its breaker, its statistics, its way out.

A request is in flight here from the moment in which the ingress or the activator sends it until
its exchange ends, queued time included (knative pkg/queue/handler.go: statistics first, then the
breaker). Without containerConcurrency there is no breaker. A replica leaves in two ways: draining
(it gets nothing new and works off what it has) or gone from the endpoints (what is only queued
moves elsewhere, what runs ends as it may).
"""

from collections.abc import Callable, Hashable
from typing import Final, Generic, Protocol, TypeVar

from kfsim.base.types import Endpoint
from kfsim.flow.breaker import Breaker, BreakerState
from kfsim.flow.statistics import RequestStatistics

# Looked up once: a member of an enumeration costs more than most of what is done with it.
_REJECTED: Final = BreakerState.REJECTED
_RUNNING: Final = BreakerState.RUNNING
_WAITING: Final = BreakerState.WAITING

_QUEUE_DEPTH_FACTOR = 10  # cmd/queue: BreakerParams.QueueDepth = 10 * containerConcurrency


class Guest(Hashable, Protocol):
    """A request at a replica, as far as the queue-proxy looks at it."""

    via_activator: bool


GuestT = TypeVar("GuestT", bound=Guest)


class QueueProxy(Generic[GuestT]):
    """One replica as the request path sees it."""

    __slots__ = (
        "activator_slots",
        "breaker",
        "draining",
        "endpoint",
        "in_flight",
        "index",
        "on_idle",
        "queued",
        "ready",
        "refusals",
        "statistics",
    )

    def __init__(self, endpoint: Endpoint, *, container_concurrency: int, now: float) -> None:
        self.endpoint = endpoint
        self.breaker: Breaker[GuestT] | None = None
        if container_concurrency > 0:
            self.breaker = Breaker(
                queue_depth=_QUEUE_DEPTH_FACTOR * container_concurrency,
                max_concurrency=container_concurrency,
                initial_capacity=container_concurrency,
            )
        self.statistics = RequestStatistics(now)
        self.queued: dict[GuestT, None] = {}
        self.in_flight = 0
        self.ready = True
        self.draining = False
        self.refusals = 0  # connections refused one after the other, see Resting
        self.on_idle: list[Callable[[], None]] = []
        # Owned by the balancer: position among the targets (-1: none) and activator slots taken.
        self.index = -1
        self.activator_slots = 0

    def enter(self, request: GuestT, now: float) -> BreakerState:
        """A request arrives: it runs, waits, or is rejected (and then has already left)."""
        self.statistics.request_in(now, proxied=request.via_activator)
        if self.breaker is not None:
            state = self.breaker.reserve(request)
            if state is _REJECTED:
                self.statistics.request_out(now, proxied=request.via_activator)
                return state
            if state is _WAITING:
                self.queued[request] = None
        else:
            state = _RUNNING
        self.in_flight += 1
        return state

    def leave(self, request: GuestT, now: float) -> GuestT | None:
        """A request is over or taken away; returns the one that runs in its place, if any."""
        self.statistics.request_out(now, proxied=request.via_activator)
        self.in_flight -= 1
        if self.breaker is None:
            return None
        if self.queued and request in self.queued:
            del self.queued[request]
            self.breaker.cancel(request)
            return None
        successor = self.breaker.release()
        if successor is not None:
            del self.queued[successor]
        return successor
