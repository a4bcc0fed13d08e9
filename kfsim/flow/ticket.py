"""One admitted request: where it stands, and how it ends exactly once.

A ticket waits (held by the activator or queued at a replica), is granted an endpoint, streams its
response, and ends as finished, cancelled or rejected. `TRANSITIONS` is the whole truth about
that: an event that it does not list for the present state is ignored, so every method may be
called any number of times, in any order, on every exit path, and slots are given back once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Protocol

from kfsim.base.types import Endpoint, RevisionKey
from kfsim.flow.queue_proxy import QueueProxy


class TicketState(IntEnum):
    """Where a request stands; those from FINISHED on are final."""

    WAITING = 0
    GRANTED = 1
    STREAMING = 2
    FINISHED = 3
    CANCELLED = 4
    REJECTED = 5


class TicketEvent(StrEnum):
    """What can happen to a ticket."""

    GRANT = "grant"
    FIRST_BYTE = "first byte"
    FINISH = "finish"
    CANCEL = "cancel"
    REJECT = "reject"
    RETRY = "retry"


TRANSITIONS: Mapping[TicketEvent, Mapping[TicketState, TicketState]] = {
    TicketEvent.GRANT: {TicketState.WAITING: TicketState.GRANTED},
    TicketEvent.FIRST_BYTE: {TicketState.GRANTED: TicketState.STREAMING},
    TicketEvent.FINISH: {
        TicketState.GRANTED: TicketState.FINISHED,
        TicketState.STREAMING: TicketState.FINISHED,
    },
    TicketEvent.CANCEL: {
        TicketState.WAITING: TicketState.CANCELLED,
        TicketState.GRANTED: TicketState.CANCELLED,
        TicketState.STREAMING: TicketState.CANCELLED,
    },
    # A granted or streaming request is rejected by a timeout only.
    TicketEvent.REJECT: {
        TicketState.WAITING: TicketState.REJECTED,
        TicketState.GRANTED: TicketState.REJECTED,
        TicketState.STREAMING: TicketState.REJECTED,
    },
    # Once bytes of a response were seen, another replica must not be tried.
    TicketEvent.RETRY: {TicketState.GRANTED: TicketState.WAITING},
}

_AFTER_FINISH = TRANSITIONS[TicketEvent.FINISH]
_AFTER_CANCEL = TRANSITIONS[TicketEvent.CANCEL]
_AFTER_FIRST_BYTE = TRANSITIONS[TicketEvent.FIRST_BYTE]


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a request was refused: HTTP status and the text of the answer.

    `elsewhere` says that nothing of it was sent, and that another revision may take it.
    """

    status: int
    reason: str
    elsewhere: bool = False


QUEUE_FULL = Rejection(503, "pending request queue full")  # pkg/queue/breaker.go
REQUEST_TIMEOUT = Rejection(504, "request timeout")  # pkg/queue/sharedmain/handlers.go
ACTIVATOR_TIMEOUT = Rejection(504, "activator request timeout")  # cmd/activator/main.go


class TicketOwner(Protocol):
    """The revision's flow, told of every change that frees or refreshes something."""

    def release(self, ticket: "Ticket", now: float) -> None:
        """The ticket has just ended: give back what it holds."""
        ...

    def started(self, ticket: "Ticket", now: float) -> None:
        """The first byte of its response arrived."""
        ...

    def refresh(self, ticket: "Ticket", now: float) -> None:
        """More of its response arrived."""
        ...


class Ticket:
    """One request, or one HTTP/2 stream, between admission and its end.

    `cold` says that it met a revision without a ready replica. `via_activator` says that it
    passed the activator, `arrived` when. `endpoint` is set from the grant on.
    """

    __slots__ = (
        "arrived",
        "cold",
        "endpoint",
        "on_grant",
        "on_reject",
        "owner",
        "rejection",
        "replica",
        "revision",
        "state",
        "via_activator",
    )

    def __init__(
        self,
        owner: TicketOwner,
        revision: RevisionKey,
        now: float,
        on_grant: "Callable[[Ticket], None] | None",
        on_reject: "Callable[[Ticket], None] | None",
    ) -> None:
        self.owner = owner
        self.revision = revision
        self.arrived = now
        self.on_grant = on_grant
        self.on_reject = on_reject
        self.state = TicketState.WAITING
        self.endpoint: Endpoint | None = None
        self.rejection: Rejection | None = None
        self.replica: QueueProxy[Ticket] | None = None
        self.cold = False
        self.via_activator = False

    @property
    def ended(self) -> bool:
        """Whether nothing can happen to it any more."""
        return self.state >= TicketState.FINISHED

    def first_byte(self, now: float) -> None:
        """The response has begun: it can no longer go to another replica."""
        state = _AFTER_FIRST_BYTE.get(self.state)
        if state is not None:
            self.state = state
            self.owner.started(self, now)

    def touch(self, now: float) -> None:
        """More of the response arrived; matters only where the revision has an idle timeout."""
        if self.state is TicketState.STREAMING:
            self.owner.refresh(self, now)

    def finish(self, now: float) -> None:
        """The exchange is over, well or not."""
        state = _AFTER_FINISH.get(self.state)
        if state is not None:
            self.state = state
            self.owner.release(self, now)

    def cancel(self, now: float) -> None:
        """The client went away, at whatever stage."""
        state = _AFTER_CANCEL.get(self.state)
        if state is not None:
            self.state = state
            self.owner.release(self, now)
