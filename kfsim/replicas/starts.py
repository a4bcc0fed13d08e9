"""How many replicas start at once.

Starting a model costs CPU, and two hundred services applied together would starve each other, so
starts take turns. A start holds its place until the replica is ready, has failed, or
`HELD_AT_MOST` seconds have passed (a model that downloads for minutes must not stop the rest).
Wake-ups (a request is waiting) go first and may use twice the places.
"""

from kfsim.base.types import ReplicaKey

HELD_AT_MOST = 30.0


class StartLimiter:
    """Hands out places to start, first come first served, wake-ups first."""

    def __init__(self, *, limit: int) -> None:
        self._limit = max(1, limit)
        self._held: dict[ReplicaKey, float] = {}
        self._wake_ups: dict[ReplicaKey, None] = {}
        self._others: dict[ReplicaKey, None] = {}

    @property
    def held(self) -> int:
        """Places in use."""
        return len(self._held)

    @property
    def waiting(self) -> int:
        """Replicas without a place."""
        return len(self._wake_ups) + len(self._others)

    def offer(self, key: ReplicaKey, now: float, *, wake_up: bool) -> bool:
        """Whether the replica may start now; else it waits for `release` or `expire` to name it."""
        if key in self._held:
            return True
        if self._has_place(wake_up=wake_up) and not self._must_queue(wake_up=wake_up):
            self._held[key] = now + HELD_AT_MOST
            return True
        (self._wake_ups if wake_up else self._others)[key] = None
        return False

    def release(self, key: ReplicaKey, now: float) -> tuple[ReplicaKey, ...]:
        """The replica no longer starts (or no longer waits); returns those that may start now."""
        self._held.pop(key, None)
        self._wake_ups.pop(key, None)
        self._others.pop(key, None)
        return self._granted(now)

    def expire(self, now: float) -> tuple[ReplicaKey, ...]:
        """Free the places held too long; returns those that may start now."""
        for key in [key for key, until in self._held.items() if until <= now]:
            del self._held[key]
        return self._granted(now)

    def _has_place(self, *, wake_up: bool) -> bool:
        return len(self._held) < self._limit * (2 if wake_up else 1)

    def _must_queue(self, *, wake_up: bool) -> bool:
        return bool(self._wake_ups) or (not wake_up and bool(self._others))

    def _granted(self, now: float) -> tuple[ReplicaKey, ...]:
        granted: list[ReplicaKey] = []
        for queue, wake_up in ((self._wake_ups, True), (self._others, False)):
            while queue and self._has_place(wake_up=wake_up):
                key = next(iter(queue))
                del queue[key]
                self._held[key] = now + HELD_AT_MOST
                granted.append(key)
        return tuple(granted)
