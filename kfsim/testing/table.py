"""Reconcilers by tables: given objects in, expected writes out.

A `Row` names what is in the store, which key is reconciled, and every write that must follow, in
order. `check_row` runs it twice: the second run, on what the first one left, must write nothing,
which is what idempotent means here. Kubernetes Events are compared apart from the other writes.

What a server fills in (uids, versions, generations, timestamps) is blanked on both sides, so the
expected objects can be made by the same pure makers that the reconciler calls.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from kfsim.api.core import Event
from kfsim.api.meta import Object
from kfsim.base.entropy import SeededEntropy
from kfsim.controllers.runtime import Key, Reconciler, Recorder
from kfsim.store import EventType, Store, StoreEvent
from kfsim.testing.backend import FakeBackend
from kfsim.testing.clock import FakeClock
from kfsim.testing.ports import FakeDrainGate, RecordingRouteSink, ScriptedStatSource


@dataclass(frozen=True)
class Created:
    """The object was created."""

    obj: Object


@dataclass(frozen=True)
class Updated:
    """The object was changed outside its status; its status is not compared."""

    obj: Object


@dataclass(frozen=True)
class StatusUpdated:
    """The object's status was changed; only the status is compared."""

    obj: Object


@dataclass(frozen=True)
class Deleted:
    """The object was deleted, or went with its owner."""

    model: type[Object]
    name: str
    namespace: str = "default"


Write = Created | Updated | StatusUpdated | Deleted


@dataclass(frozen=True)
class Row:
    """One case. `events` are `TYPE REASON MESSAGE` texts; `raises` ends the row, without a second
    run; `requeue_after` is compared for the first run only."""

    name: str
    key: Key
    given: tuple[Object, ...] = ()
    writes: tuple[Write, ...] = ()
    events: tuple[str, ...] = ()
    requeue_after: float | None = None
    raises: type[Exception] | None = None
    prepare: "Callable[[Harness], None] | None" = None
    """Sets up ports and clock, after the given objects are stored."""

    def __str__(self) -> str:
        return self.name


@dataclass
class Harness:
    """A store with fakes around it, for one row."""

    clock: FakeClock = field(default_factory=FakeClock)
    entropy: SeededEntropy = field(default_factory=lambda: SeededEntropy("table"))
    route_sink: RecordingRouteSink = field(default_factory=RecordingRouteSink)
    stat_source: ScriptedStatSource = field(default_factory=ScriptedStatSource)
    drain_gate: FakeDrainGate = field(default_factory=FakeDrainGate)
    backend: FakeBackend = field(default_factory=FakeBackend)
    store: Store = field(init=False)
    recorder: Recorder = field(init=False)
    writes: list[StoreEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = Store(clock=self.clock, entropy=self.entropy)
        self.recorder = Recorder(
            store=self.store, clock=self.clock, entropy=self.entropy, component="test"
        )

    def fill(self, objects: tuple[Object, ...]) -> None:
        """Store the given objects as they are, status included."""
        for obj in objects:
            self.store.create(obj)

    def record(self) -> None:
        """Note all writes from now on."""
        self.store.subscribe(self.writes.append)


def check_row(row: Row, make_reconciler: Callable[[Harness], Reconciler]) -> Harness:
    """Run one row twice; AssertionError says what was written instead."""
    harness = Harness()
    harness.fill(row.given)
    if row.prepare is not None:
        row.prepare(harness)
    harness.record()
    reconciler = make_reconciler(harness)
    try:
        result = reconciler.reconcile(row.key)
    except Exception as error:
        if row.raises is None or not isinstance(error, row.raises):
            raise
        _compare(row, harness)
        return harness
    if row.raises is not None:
        raise AssertionError(f"{row}: expected {row.raises.__name__}, nothing was raised")
    _compare(row, harness)
    if result.requeue_after != row.requeue_after:
        raise AssertionError(
            f"{row}: expected to requeue after {row.requeue_after}, was {result.requeue_after}"
        )
    _check_second_run(row, reconciler, harness)
    return harness


def _check_second_run(row: Row, reconciler: Reconciler, harness: Harness) -> None:
    harness.writes.clear()
    reconciler.reconcile(row.key)
    if harness.writes:
        written = "\n".join(_describe_event(event) for event in harness.writes)
        raise AssertionError(f"{row}: a second run must write nothing, but wrote\n{written}")


def _compare(row: Row, harness: Harness) -> None:
    events = [_event_text(event) for event in harness.writes if event.entry.model is Event]
    written = [_describe_event(event) for event in harness.writes if event.entry.model is not Event]
    expected = [_describe_write(write) for write in row.writes]
    if written != expected:
        raise AssertionError(f"{row}: {_explain('write', expected, written)}")
    if events != list(row.events):
        raise AssertionError(f"{row}: {_explain('event', list(row.events), events)}")


def _explain(what: str, expected: list[str], found: list[str]) -> str:
    first = next(
        (
            index
            for index, pair in enumerate(zip(expected, found, strict=False))
            if pair[0] != pair[1]
        ),
        min(len(expected), len(found)),
    )
    wanted = expected[first] if first < len(expected) else "nothing more"
    got = found[first] if first < len(found) else "nothing more"
    return (
        f"{what} {first + 1} differs ({len(expected)} expected, {len(found)} found)\n"
        f"--- expected\n{wanted}\n--- found\n{got}"
    )


# Describing writes as texts that can be compared


def _describe_write(write: Write) -> str:
    match write:
        case Created(obj):
            return _text(
                "created", type(obj), obj.metadata.namespace, obj.metadata.name, _plain(obj)
            )
        case Updated(obj):
            body = _without_status(_plain(obj))
            return _text("updated", type(obj), obj.metadata.namespace, obj.metadata.name, body)
        case StatusUpdated(obj):
            status = _plain(obj).get("status")
            return _text("status of", type(obj), obj.metadata.namespace, obj.metadata.name, status)
        case Deleted(model, name, namespace):
            return _text("deleted", model, namespace, name, None)


def _describe_event(event: StoreEvent) -> str:
    entry = event.entry
    identity = (entry.model, entry.namespace, entry.name)
    if event.type is EventType.DELETED:
        return _text("deleted", *identity, None)
    body = _blanked(json.loads(entry.raw))
    if event.type is EventType.ADDED or event.old is None:
        return _text("created", *identity, body)
    before = _blanked(json.loads(event.old.raw))
    if _without_status(before) == _without_status(body):
        return _text("status of", *identity, body.get("status"))
    return _text("updated", *identity, _without_status(body))


def _text(verb: str, model: type[Object], namespace: str, name: str, body: Any) -> str:
    heading = f"{verb} {model.KIND} {namespace}/{name}"
    return f"{heading}\n{json.dumps(body, indent=1, sort_keys=True)}" if body else heading


def _event_text(event: StoreEvent) -> str:
    body = json.loads(event.entry.raw)
    return f"{body.get('type')} {body.get('reason')} {body.get('message')}"


def _plain(obj: Object) -> dict[str, Any]:
    return _blanked(json.loads(obj.encode()))


def _without_status(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != "status"}


_FILLED_IN = ("uid", "resourceVersion", "generation", "creationTimestamp")


def _blanked(body: dict[str, Any]) -> dict[str, Any]:
    """The object without what a server fills in; owners keep their kind and name."""
    metadata = {
        key: value for key, value in body.get("metadata", {}).items() if key not in _FILLED_IN
    }
    if "ownerReferences" in metadata:
        metadata["ownerReferences"] = [
            {key: value for key, value in owner.items() if key != "uid"}
            for owner in metadata["ownerReferences"]
        ]
    return {**body, "metadata": metadata}
