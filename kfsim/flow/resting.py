"""Replicas that refused a connection: they rest before they are tried again.

A replica that has just died stays among the endpoints until its controllers notice. Meanwhile it
gets nothing new, as long as others can serve, and requests that nobody can serve are held. After a
rest it is tried again, since no update follows where it merely had no room for a connection. The
rests grow as the pauses between the dials of Knative's activator do (serving
pkg/network/transports.go, backOffTemplate: 50 ms, then 1.4 times as long), up to five seconds.
"""

from kfsim.flow.queue_proxy import QueueProxy
from kfsim.flow.ticket import Ticket

_FIRST_REST = 0.05
_FACTOR = 1.4
_LONGEST_REST = 5.0


class Resting:
    """When each resting replica of one revision is tried again."""

    __slots__ = ("_until",)

    def __init__(self) -> None:
        self._until: dict[QueueProxy[Ticket], float] = {}

    def __contains__(self, replica: QueueProxy[Ticket]) -> bool:
        return replica in self._until

    def begin(self, replica: QueueProxy[Ticket], now: float) -> None:
        """It refused. Requests that were on their way together make one refusal."""
        if replica not in self._until:
            rest = min(_FIRST_REST * _FACTOR**replica.refusals, _LONGEST_REST)
            replica.refusals += 1
            self._until[replica] = now + rest

    def forget(self, replica: QueueProxy[Ticket]) -> None:
        """It has left, or is another one at the same name."""
        replica.refusals = 0
        self._until.pop(replica, None)

    def earliest(self) -> float | None:
        """When the next one is to be tried again."""
        return min(self._until.values(), default=None)

    def wake(self, now: float) -> bool:
        """End the rests that are over; whether there were any."""
        rested = [replica for replica, until in self._until.items() if until <= now]
        for replica in rested:
            del self._until[replica]
        return bool(rested)
