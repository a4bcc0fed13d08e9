"""Fakes of the three live ports: they record what they are told and answer what they were given."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kfsim.base.ports import DrainGate, RouteSink, StatSource
from kfsim.base.types import ReplicaKey, RevisionKey, RoutingTable, ServiceMode, Stat


class RecordingRouteSink(RouteSink):
    """Keeps every published table; the last one is in force."""

    def __init__(self) -> None:
        self.tables: list[RoutingTable] = []
        self.activator_answers: dict[RevisionKey, bool] = {}
        """Overrides what the table in force says."""

    @property
    def table(self) -> RoutingTable:
        """The table in force; an empty one before the first publication."""
        return self.tables[-1] if self.tables else RoutingTable()

    def publish(self, table: RoutingTable) -> None:
        self.tables.append(table)

    def activator_in_path(self, revision: RevisionKey) -> bool:
        if revision in self.activator_answers:
            return self.activator_answers[revision]
        target = self.table.revisions.get(revision)
        return target is not None and target.mode is ServiceMode.PROXY


class ScriptedStatSource(StatSource):
    """Returns the Stats that the test queued, once."""

    def __init__(self) -> None:
        self.queued: list[Stat] = []
        self.collected_at: list[float] = []
        self._pokes: list[Callable[[RevisionKey, Stat], None]] = []

    def collect(self, now: float) -> Sequence[Stat]:
        self.collected_at.append(now)
        stats, self.queued = tuple(self.queued), []
        return stats

    def on_poke(self, callback: Callable[[RevisionKey, Stat], None]) -> None:
        self._pokes.append(callback)

    def poke(self, revision: RevisionKey, *, concurrency: float = 1.0) -> None:
        """Tell the registered callbacks that the activator holds a first request."""
        stat = Stat(
            revision=revision,
            reporter="activator",
            average_concurrent_requests=concurrency,
            request_count=concurrency,
        )
        for callback in tuple(self._pokes):
            callback(revision, stat)


@dataclass(frozen=True, slots=True)
class Drain:
    """One call of `DrainGate.begin`."""

    replica: ReplicaKey
    grace: float
    done: Callable[[], None]


class FakeDrainGate(DrainGate):
    """Holds every drain until the test finishes it."""

    def __init__(self) -> None:
        self.begun: list[Drain] = []
        self.pending: dict[ReplicaKey, Drain] = {}

    def begin(self, replica: ReplicaKey, *, grace: float, done: Callable[[], None]) -> None:
        drain = Drain(replica, grace, done)
        self.begun.append(drain)
        self.pending[replica] = drain

    def finish(self, replica: ReplicaKey) -> None:
        """The replica is empty now; KeyError when it is not draining."""
        self.pending.pop(replica).done()
