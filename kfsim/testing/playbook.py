"""The flow core by scripts of arrivals: inputs, each followed by all that it must cause.

    Playbook(target).play(
        Arrive("a"), Granted("a", "pod-1"),
        Arrive("b"), Held("b"),
        At(2.5),
        Finish("a"), Granted("b", "pod-1"),
    )

Everything that the core tells (grants, rejections, pokes, idle replicas, reports) is an outcome;
an outcome that the script does not name is as wrong as one that it names and that does not come.
`At` lets the deadlines on the way fall due, each at its moment.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from kfsim.base.entropy import Entropy, SeededEntropy
from kfsim.base.types import ReplicaKey, RevisionKey, RevisionTarget, Stat
from kfsim.flow import FlowCore, Ticket, TicketState


@dataclass(frozen=True, slots=True)
class Arrive:
    """A request comes in, for the first target's revision unless another one is named."""

    request: str
    revision: RevisionKey | None = None


@dataclass(frozen=True, slots=True)
class Finish:
    request: str


@dataclass(frozen=True, slots=True)
class Cancel:
    request: str


@dataclass(frozen=True, slots=True)
class FirstByte:
    request: str


@dataclass(frozen=True, slots=True)
class At:
    """Time goes on to `moment`."""

    moment: float


@dataclass(frozen=True, slots=True)
class Update:
    target: RevisionTarget


@dataclass(frozen=True, slots=True)
class Remove:
    revision: RevisionKey


@dataclass(frozen=True, slots=True)
class Drain:
    """A replica gets nothing new; `Idle` follows when it has nothing left."""

    replica: str


@dataclass(frozen=True, slots=True)
class Collect:
    """The reporters are asked; `Reported` follows for each."""


@dataclass(frozen=True, slots=True)
class Granted:
    request: str
    replica: str


@dataclass(frozen=True, slots=True)
class Held:
    """The request waits, at the activator or in a replica's queue."""

    request: str


@dataclass(frozen=True, slots=True)
class Rejected:
    request: str
    status: int


@dataclass(frozen=True, slots=True)
class Poked:
    """The activator told at once of a first request."""

    revision: str


@dataclass(frozen=True, slots=True)
class Idle:
    replica: str


@dataclass(frozen=True, slots=True)
class Reported:
    """Averages are rounded to six decimals."""

    reporter: str
    concurrency: float
    requests: float
    proxied_concurrency: float = 0.0
    proxied_requests: float = 0.0


Input = Arrive | Finish | Cancel | FirstByte | At | Update | Remove | Drain | Collect
Outcome = Granted | Held | Rejected | Poked | Idle | Reported


class Playbook:
    """One flow core and its tickets by name. May be played on in several calls."""

    def __init__(self, *targets: RevisionTarget, entropy: Entropy | None = None) -> None:
        self.now = 0.0
        self.core = FlowCore(entropy=entropy or SeededEntropy("playbook"))
        self.tickets: dict[str, Ticket] = {}
        self._names: dict[int, str] = {}
        self._targets = targets
        self._outcomes: list[Outcome] = []
        self.core.on_poke(self._poked)
        for target in targets:
            self.core.update(target, self.now)

    def play(self, *script: Input | Outcome) -> "Playbook":
        """Feed the inputs one by one; each must cause exactly the outcomes listed after it."""
        position = 0
        while position < len(script):
            step = script[position]
            if isinstance(step, Outcome):
                raise ValueError(f"the script begins with the outcome {step}; an input must")
            following = position + 1
            while following < len(script) and isinstance(script[following], Outcome):
                following += 1
            expected = list(script[position + 1 : following])
            self._outcomes = []
            self._feed(step)
            if self._outcomes != expected:
                raise AssertionError(_explain(script, position, expected, self._outcomes))
            position = following
        return self

    def _feed(self, step: Input) -> None:
        match step:
            case Arrive(request, revision):
                self._arrive(request, revision or self._targets[0].revision)
            case Finish(request):
                self.tickets[request].finish(self.now)
            case Cancel(request):
                self.tickets[request].cancel(self.now)
            case FirstByte(request):
                self.tickets[request].first_byte(self.now)
            case At(moment):
                self._advance(moment)
            case Update(target):
                self.core.update(target, self.now)
            case Remove(revision):
                self.core.remove(revision, self.now)
            case Drain(replica):
                self._drain(replica)
            case Collect():
                self._outcomes += [_reported(stat) for stat in self.core.collect(self.now)]

    def _arrive(self, request: str, revision: RevisionKey) -> None:
        if request in self.tickets:
            raise ValueError(f"the script names two requests {request!r}")
        ticket = self.core.admit(revision, self.now, self._granted, self._rejected)
        self.tickets[request] = ticket
        self._names[id(ticket)] = request
        if ticket.state is TicketState.GRANTED:
            self._granted(ticket)
        elif ticket.state is TicketState.REJECTED:
            self._rejected(ticket)
        else:
            self._outcomes.append(Held(request))

    def _advance(self, moment: float) -> None:
        if moment < self.now:
            raise ValueError(f"the script goes back from {self.now} to {moment}")
        while (deadline := self.core.next_deadline()) is not None and deadline <= moment:
            self.now = max(self.now, deadline)
            self.core.expire(self.now)
        self.now = moment

    def _drain(self, name: str) -> None:
        replica = ReplicaKey(self._targets[0].revision.namespace, name)
        if self.core.begin_drain(replica, self.now, lambda: self._outcomes.append(Idle(name))):
            self._outcomes.append(Idle(name))

    def _granted(self, ticket: Ticket) -> None:
        replica = ticket.endpoint.replica.name if ticket.endpoint else ""
        self._outcomes.append(Granted(self._names[id(ticket)], replica))

    def _rejected(self, ticket: Ticket) -> None:
        status = ticket.rejection.status if ticket.rejection else 0
        self._outcomes.append(Rejected(self._names[id(ticket)], status))

    def _poked(self, revision: RevisionKey, _: Stat) -> None:
        self._outcomes.append(Poked(revision.name))


def _reported(stat: Stat) -> Reported:
    return Reported(
        stat.reporter,
        round(stat.average_concurrent_requests, 6),
        stat.request_count,
        round(stat.average_proxied_concurrent_requests, 6),
        stat.proxied_request_count,
    )


def _explain(
    script: Sequence[Input | Outcome],
    position: int,
    expected: Sequence[Input | Outcome],
    found: Sequence[Outcome],
) -> str:
    """The script so far, then what was wanted after its last input and what came."""
    lines = ["the flow core left the script:"]
    lines += [f"      {step}" for step in script[:position]]
    lines.append(f"  >>  {script[position]}")
    lines += [f"  -   {outcome}" for outcome in expected]
    lines += [f"  +   {outcome}" for outcome in found]
    return "\n".join(lines)
