"""All bytes that the gateway holds because somebody does not take them, and what becomes too many.

Two kinds are counted as they come and go. *Held*: bodies of requests that wait for a replica; a
request that would add too much is refused. *Stuck*: what a connection keeps beyond its own share,
because its client does not read or sends requests ahead of the answers. Nothing can be said to
such a client, so the connection is cut; first the one that has been stuck for longest. What every
connection keeps within its share (partial heads, small write buffers) is *loose*: it is summed up
by the looks that are taken at all connections anyway.

Nobody ever waits for room, so nothing can wait for it in a circle: a body is taken or refused.
Envoy does likewise under pressure (overload manager: stop_accepting_requests answers 503,
reset_high_memory_stream resets the streams that hold most).
"""

from collections.abc import Iterable
from typing import Final, Protocol

from kfsim.base.clock import Clock
from kfsim.dataplane.refusals import Refusal, Refusals

PATIENCE: Final = 1.0
"""A connection that has been stuck for these seconds gives way to requests that come in."""


class Holder(Protocol):
    """A client connection that holds bytes."""

    def close_now(self) -> None: ...

    def loose_bytes(self) -> int:
        """What it holds and has not noted."""
        ...


class BufferedBytes:
    """The sum, and who is stuck, longest first."""

    __slots__ = ("_clock", "_held", "_limit", "_loose", "_refusals", "_stuck", "_stuck_bytes")

    def __init__(self, limit: int, *, clock: Clock, refusals: Refusals) -> None:
        self._limit = limit
        self._clock = clock
        self._refusals = refusals
        self._held = 0
        self._loose = 0
        self._stuck_bytes = 0
        self._stuck: dict[Holder, tuple[int, float]] = {}  # bytes, and since when

    @property
    def total(self) -> int:
        return self._held + self._stuck_bytes + self._loose

    # Held

    def hold(self, size: int) -> bool:
        """Count bytes of a request that waits, until `let_go`; False when they are too many, and
        the request must be refused."""
        self._held += size
        if self.total <= self._limit:
            return True
        self._cut_stuck(since=self._clock.now() - PATIENCE)
        if self.total <= self._limit:
            return True
        self._refusals.note(Refusal.BUFFERED_BYTES)
        return False

    def let_go(self, size: int) -> None:
        self._held -= size

    # Stuck

    def note(self, connection: Holder, size: int) -> None:
        """The connection holds so much beyond its share at present; 0 for nothing."""
        before, since = self._stuck.get(connection, (0, 0.0))
        self._stuck_bytes += size - before
        if size:
            # A new value keeps its place in the order.
            self._stuck[connection] = (size, since or self._clock.now())
        elif before:
            del self._stuck[connection]
        if size > before and self.total > self._limit:
            self._cut_stuck(since=self._clock.now())

    # Loose

    def measure(self, loose: int, connections: Iterable[Holder]) -> None:
        """Take the rest, that these connections hold, into account; when all is too much, those
        that hold most are cut."""
        self._loose = loose
        self._cut_stuck(since=self._clock.now() - PATIENCE)
        if self.total <= self._limit:
            return
        sizes = [(connection.loose_bytes(), connection) for connection in connections]
        for size, connection in sorted(sizes, key=lambda each: each[0], reverse=True):
            if self.total <= self._limit:
                break
            self._loose -= size
            self._cut(connection)

    # Inside

    def _cut_stuck(self, *, since: float) -> None:
        """Cut connections that are stuck since then or before, while all is too much."""
        while self._stuck and self.total > self._limit:
            connection, (size, began) = next(iter(self._stuck.items()))
            if began > since:
                break
            del self._stuck[connection]
            self._stuck_bytes -= size
            self._cut(connection)

    def _cut(self, connection: Holder) -> None:
        self._refusals.note(Refusal.BUFFERED_BYTES)
        connection.close_now()
