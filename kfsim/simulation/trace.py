"""What happened in a simulated cluster, line by line, so that two runs can be compared.

A line is the virtual time, what it is about, and a text. Writes to the store carry a short hash of
the stored bytes, so any difference in any object shows, down to the order of its keys. Nothing in
a trace comes from the host: no real time, no memory address, no hash of a str.
"""

from collections.abc import Iterable
from hashlib import blake2b, sha256
from typing import NamedTuple

from kfsim.base.clock import Clock
from kfsim.base.types import RoutingTable
from kfsim.replicas.backend import ReplicaEvent
from kfsim.store import StoreEvent


class TraceLine(NamedTuple):
    """One thing that happened; `what` is the kind of line (store, replica, routes, …)."""

    moment: float
    what: str
    text: str

    def __str__(self) -> str:
        return f"{self.moment:.6f} {self.what} {self.text}"


class Trace:
    """An ordered list of lines."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.lines: list[TraceLine] = []

    def note(self, what: str, text: str) -> None:
        """Add a line of the present moment."""
        self.lines.append(TraceLine(self._clock.now(), what, text))

    def observe_write(self, event: StoreEvent) -> None:
        """A store listener."""
        entry = event.entry
        content = blake2b(entry.raw, digest_size=6).hexdigest()
        self.note(
            "store",
            f"{event.type} {entry.resource.kind} {entry.namespace}/{entry.name} "
            f"{entry.resource_version} {content}",
        )

    def observe_replica(self, event: ReplicaEvent) -> None:
        """A backend listener."""
        ending = "" if event.exit_code is None else f" exit {event.exit_code}"
        reason = f" {event.reason}" if event.reason else ""
        container = f" {event.container}" if event.container else ""
        self.note("replica", f"{event.kind} {event.key}{container}{ending}{reason}")

    def observe_routes(self, table: RoutingTable) -> None:
        """A published table: each revision's mode and endpoints, each service's split."""
        revisions = "; ".join(
            f"{target.revision} {target.mode} "
            + ",".join(endpoint.replica.name for endpoint in target.endpoints)
            for target in table.revisions.values()
        )
        splits = "; ".join(
            f"{name} " + ",".join(f"{share.revision.name}={share.percent}" for share in route.split)
            for name, route in table.routes()
        )
        self.note("routes", f"{table.epoch} [{revisions}] [{splits}]")

    def about(self, what: str) -> Iterable[TraceLine]:
        """The lines of one kind."""
        return (line for line in self.lines if line.what == what)

    def digest(self) -> str:
        """One hash over all lines; equal runs have equal digests."""
        whole = sha256()
        for line in self.lines:
            whole.update(f"{line}\n".encode())
        return whole.hexdigest()

    def first_difference(self, other: "Trace") -> str | None:
        """Where two traces part, with both lines; None when they are equal."""
        for number, (mine, theirs) in enumerate(zip(self.lines, other.lines, strict=False), 1):
            if mine != theirs:
                return f"line {number}:\n  {mine}\n  {theirs}"
        if len(self.lines) != len(other.lines):
            return f"one has {len(self.lines)} lines, the other {len(other.lines)}"
        return None
