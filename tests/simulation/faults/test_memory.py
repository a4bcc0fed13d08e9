"""Left-overs are found by what they are, wherever they hang."""

from collections import deque
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from kfsim.api.core import ConfigMap
from kfsim.api.meta import ObjectMeta
from kfsim.base.entropy import SeededEntropy
from kfsim.base.types import ReplicaKey
from kfsim.controllers.runtime import Key
from kfsim.simulation.faults.memory import find_leftovers, walk
from kfsim.store import Store
from kfsim.testing.clock import FakeClock


class Part:
    """Stands for a part of a daemon."""

    __module__ = "kfsim.part"

    def __init__(self, table: object) -> None:
        self._table = table

    def hear(self) -> None:
        """A bound method is a way to the part."""


class Slotted:
    __module__ = "kfsim.part"
    __slots__ = ("table", "unset")

    def __init__(self, table: object) -> None:
        self.table = table


def make_store() -> tuple[Store, str]:
    store = Store(clock=FakeClock(), entropy=SeededEntropy(1))
    kept = store.create(ConfigMap(metadata=ObjectMeta(namespace="team", name="here")))
    return store, kept.metadata.uid


GONE = Key("team", "gone")
GONE_UID = "00000000-0000-4000-8000-000000000000"


def _closure(table: object) -> Callable[[], object]:
    return lambda: table


@pytest.mark.parametrize(
    "root",
    [
        Part({GONE: 1}),
        Part({ReplicaKey("team", "gone"): 1}),
        Part({(GONE, "container"): 1}),
        Part({GONE_UID: 1}),
        Part({"deep": [deque([GONE])]}),
        Slotted({GONE: 1}),
        Part([Part({GONE: 1}).hear]),
        Part(partial(print, Slotted({GONE: 1}))),
        Part(_closure({GONE: 1})),
    ],
)
def test_what_is_gone_is_found(root: object) -> None:
    store, _ = make_store()
    (found,) = find_leftovers((root,), store)
    assert "gone" in found or GONE_UID in found


def test_what_exists_and_what_is_no_part_are_left_alone() -> None:
    store, uid = make_store()
    there = Part({Key("team", "here"): 1, uid: 2, ("a", 3): 4})
    outside: Any = SimpleNamespace(table={GONE: 1})
    assert list(find_leftovers((there, Part(outside), store), store)) == []


def test_a_table_that_grows_is_found_whatever_it_holds() -> None:
    store, _ = make_store()
    (found,) = find_leftovers((Part(list(range(1025))),), store)
    assert found == "Part._table holds 1025 things, of at most 1024"


def test_a_table_that_remembers_has_its_own_limit() -> None:
    store, _ = make_store()
    for number in range(600):
        store.create(ConfigMap(metadata=ObjectMeta(namespace="team", name=f"n{number}")))
        store.delete(ConfigMap, f"n{number}", "team")
    assert list(find_leftovers((store,), store)) == []


def test_rings_are_walked_once() -> None:
    ring: list[object] = []
    ring.append(ring)
    assert [path for path, _ in walk((Part(ring),))] == ["Part._table"]
