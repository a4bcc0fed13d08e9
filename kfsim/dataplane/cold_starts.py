"""The latest request of each revision that was answered from zero.

Of requests that wait for the same replica, the first that is answered counts: it is the one whose
wait was the replica's start.
"""

from collections.abc import Callable
from typing import NamedTuple

from kfsim.base.types import ReplicaKey, RevisionKey
from kfsim.flow import Ticket

_MOST_REMEMBERED = 4096


class ColdStart(NamedTuple):
    """One answer from zero; times are the clock's: when the request came in, and when the first
    byte of its answer did."""

    replica: ReplicaKey
    arrived: float
    answered: float


ColdListener = Callable[[RevisionKey, ColdStart], None]


class ColdStarts:
    """Remembers one per revision."""

    __slots__ = ("_latest", "_listeners")

    def __init__(self) -> None:
        self._latest: dict[RevisionKey, ColdStart] = {}
        self._listeners: list[ColdListener] = []

    def subscribe(self, listener: ColdListener) -> None:
        """Told of each when it happens, inside the answer: it must be quick."""
        self._listeners.append(listener)

    def note(self, ticket: Ticket, now: float) -> None:
        """A cold request is answered. Called for cold ones only: they are few."""
        if ticket.endpoint is None:
            return
        replica = ticket.endpoint.replica
        known = self._latest.pop(ticket.revision, None)
        if known is None or known.replica != replica:
            known = ColdStart(replica, ticket.arrived, now)
            for listener in self._listeners:
                listener(ticket.revision, known)
        self._latest[ticket.revision] = known
        if len(self._latest) > _MOST_REMEMBERED:
            del self._latest[next(iter(self._latest))]

    def latest(self, revision: RevisionKey) -> ColdStart | None:
        return self._latest.get(revision)
