"""A small world for scripts of arrivals: one revision, numbered replicas, named requests."""

from kfsim.base.entropy import SeededEntropy
from kfsim.base.types import Endpoint, ReplicaKey, RevisionKey, RevisionTarget, ServiceMode, Stat
from kfsim.flow import FlowCore, Ticket

REVISION = RevisionKey("default", "iris-00001")


def make_endpoint(number: int) -> Endpoint:
    return Endpoint(ReplicaKey("default", f"pod-{number}"), "127.0.0.1", 9000 + number)


def make_target(
    *replicas: int,
    mode: ServiceMode = ServiceMode.PROXY,
    container_concurrency: int = 1,
    timeout: float = 300.0,
    response_start_timeout: float = 300.0,
    idle_timeout: float = 0.0,
) -> RevisionTarget:
    return RevisionTarget(
        revision=REVISION,
        mode=mode,
        endpoints=tuple(make_endpoint(number) for number in replicas),
        container_concurrency=container_concurrency,
        timeout=timeout,
        response_start_timeout=response_start_timeout,
        idle_timeout=idle_timeout,
    )


class World:
    """Drives a FlowCore and writes down what it was told, in order."""

    def __init__(self, target: RevisionTarget, seed: int = 1) -> None:
        self.core = FlowCore(entropy=SeededEntropy(seed))
        self.now = 0.0
        self.told: list[str] = []
        self.tickets: dict[str, Ticket] = {}
        self.pokes: list[tuple[RevisionKey, Stat]] = []
        self.core.on_poke(lambda revision, stat: self.pokes.append((revision, stat)))
        self.core.update(target, self.now)

    def update(self, target: RevisionTarget) -> None:
        self.core.update(target, self.now)

    def admit(self, *names: str) -> Ticket:
        for name in names:
            ticket = self.core.admit(
                REVISION,
                self.now,
                lambda ticket, name=name: self.told.append(f"{name} to {place(ticket)}"),
                lambda ticket, name=name: self.told.append(f"{name} {status(ticket)}"),
            )
            self.tickets[name] = ticket
        return ticket

    def finish(self, *names: str) -> None:
        for name in names:
            self.tickets[name].finish(self.now)

    def places(self, *names: str) -> list[str]:
        return [place(self.tickets[name]) for name in names]


def place(ticket: Ticket) -> str:
    """Short for where a ticket is: a replica's number, `waits`, or its status code."""
    if ticket.rejection is not None:
        return status(ticket)
    return ticket.endpoint.replica.name.removeprefix("pod-") if ticket.endpoint else "waits"


def status(ticket: Ticket) -> str:
    assert ticket.rejection is not None
    return f"{ticket.rejection.status} {ticket.rejection.reason}"
