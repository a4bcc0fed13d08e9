"""What a daemon holds on to: no table of it may know what the cluster has no more.

The parts of a daemon are walked, whatever they are called, through their attributes and containers.
In a quiet cluster every name and every uid in a table must be that of something that exists, and no
table may hold more than what exists accounts for; the few that remember the past on purpose are
named here, each with its own limit. So a table that nobody cleans is found by its first left-over,
long before it is large.
"""

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from types import FunctionType, MethodType
from typing import Any, Final

from kfsim.api.meta import Model
from kfsim.api.scheme import KINDS
from kfsim.base.types import ReplicaKey, RevisionKey, ServiceName
from kfsim.controllers.runtime import Key
from kfsim.simulation.faults.journal import FaultyJournal
from kfsim.simulation.faults.trace import RollingTrace
from kfsim.simulation.loop import VirtualLoop
from kfsim.store import Entry, Store, StoreEvent

REMEMBERING: Final[Mapping[str, int]] = {
    "Recorder._told": 4096,  # Events, so that they are counted when they repeat
    "Collector._graves": 10_000,  # uids of the deleted, so that no child outlives them
    "Store._views": 512,
    "Sharing._texts": 1024,  # of those packed latest
    "Sharing._groups": 1024,
    "Sharing._labels": 1024,
    "Planner._plans": 256,
    "History._rings": 128,  # for watches that come back
    "Layered.base": 512,  # merged with what changed once that is much
    "Layered.changes": 128,
    "Router._routes": 512,  # made of host routes, dropped once they have doubled
    "Route._revisions": 128,
    "SimulatedDataPlane.down": 64,  # forgotten with the next table
}
"""Tables that keep the past, and how much of it each may hold."""
_FEW: Final = 1024
_NAMES: Final = (Key, ReplicaKey, RevisionKey, ServiceName)
_CONTAINERS: Final = (dict, list, tuple, deque, set, frozenset)
_CONTENT: Final = (*_NAMES, Model, Entry, StoreEvent)
"""Is looked at whole; what is in it is not the daemon's."""
_OUTSIDE: Final = (RollingTrace, FaultyJournal, VirtualLoop)
"""Not the daemon's; they outlive it or watch it."""
_UID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

Table = tuple[str, Any]
"""`Class.attribute` of where it hangs, and the container."""


def find_leftovers(roots: Sequence[object], store: Store) -> Iterator[str]:
    """A sentence for each table below `roots` that knows what is gone, or holds too much."""
    entries = [entry for kind in KINDS for entry in store.entries(kind.model)]
    names = {entry.key for entry in entries}
    uids = {entry.uid for entry in entries}
    for path, table in walk(roots):
        remembered = REMEMBERING.get(path)
        limit = max(_FEW, 2 * len(entries)) if remembered is None else remembered
        if len(table) > limit:
            yield f"{path} holds {len(table)} things, of at most {limit}"
        if remembered is None:
            yield from _find_gone(path, table, names, uids)


def walk(roots: Sequence[object]) -> Iterator[Table]:
    """Every container that is reached from these objects, once, and where."""
    seen: dict[int, object] = {}
    waiting: list[tuple[str, object]] = [(type(root).__name__, root) for root in roots]
    while waiting:
        path, thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, (*_CONTENT, *_OUTSIDE)):
            continue
        seen[id(thing)] = thing  # kept, so that no other thing gets its id
        if isinstance(thing, _CONTAINERS):
            yield path, thing
        waiting.extend(_parts(path, thing))


def _parts(path: str, thing: object) -> Iterator[tuple[str, object]]:
    """What hangs on a thing."""
    if isinstance(thing, dict):
        yield from ((path, each) for each in thing.values())
    elif isinstance(thing, _CONTAINERS):
        yield from ((path, each) for each in thing)
    elif isinstance(thing, MethodType):
        yield path, thing.__self__
    elif isinstance(thing, partial):
        yield from ((path, each) for each in (thing.func, *thing.args, *thing.keywords.values()))
    elif isinstance(thing, FunctionType):
        yield from ((path, cell.cell_contents) for cell in thing.__closure__ or () if _full(cell))
    elif type(thing).__module__.startswith("kfsim."):
        yield from _attributes(thing)


def _attributes(thing: object) -> Iterator[tuple[str, object]]:
    name = type(thing).__name__
    yield from ((f"{name}.{key}", each) for key, each in getattr(thing, "__dict__", {}).items())
    for kind in type(thing).__mro__:
        for slot in kind.__dict__.get("__slots__", ()):
            if hasattr(thing, slot):
                yield f"{name}.{slot}", getattr(thing, slot)


def _full(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018  # raises where it is empty
    except ValueError:
        return False
    return True


def _find_gone(path: str, table: Any, names: set[tuple[str, str]], uids: set[str]) -> Iterator[str]:
    for key in table:
        for part in key if type(key) is tuple else (key,):
            if isinstance(part, _NAMES) and tuple(part) not in names:
                yield f"{path} still knows {type(part).__name__} {part}, which is gone"
            elif isinstance(part, str) and _UID.fullmatch(part) and part not in uids:
                yield f"{path} still knows the uid {part}, whose object is gone"
