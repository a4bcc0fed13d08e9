"""Snapshots of a large mapping that changes a little at a time.

A snapshot is a base, which it shares with the snapshots before it, and what differs from the base.
The next one copies the differences only; once these are many they are merged into a new base. So a
change costs a few microseconds however large the mapping is, and two snapshots of one base are
compared by their differences.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from enum import Enum, auto
from itertools import chain
from math import isqrt
from typing import Final, TypeVar, overload

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
D = TypeVar("D")
_FEW: Final = 64


class Gone(Enum):
    """Stands for the value of a removed key."""

    GONE = auto()


GONE: Final = Gone.GONE


class Layered(Mapping[K, V]):
    """An immutable mapping. Keys come in the order in which the base got them, then the others."""

    __slots__ = ("base", "changes")

    def __init__(
        self, base: Mapping[K, V] | None = None, changes: Mapping[K, V | Gone] | None = None
    ) -> None:
        """Neither mapping may be changed afterwards."""
        self.base: Mapping[K, V] = {} if base is None else base
        self.changes: Mapping[K, V | Gone] = {} if changes is None else changes

    def changed(self, changes: Mapping[K, V | Gone]) -> "Layered[K, V]":
        """The next snapshot; a key whose value is GONE is removed."""
        together = {**self.changes, **changes}
        if len(together) <= max(_FEW, 4 * isqrt(len(self.base))):
            return Layered(self.base, together)
        base = dict(self.base)
        for key, value in together.items():
            if value is GONE:
                base.pop(key, None)
            else:
                base[key] = value
        return Layered(base)

    def __getitem__(self, key: K) -> V:
        value = self.changes.get(key)
        if value is None:
            return self.base[key]
        if value is GONE:
            raise KeyError(key)
        return value

    @overload
    def get(self, key: K, /) -> V | None: ...
    @overload
    def get(self, key: K, /, default: V | D) -> V | D: ...
    def get(self, key: K, /, default: V | D | None = None) -> V | D | None:
        value = self.changes.get(key)
        if value is None:
            return self.base.get(key, default)
        return default if value is GONE else value

    def __iter__(self) -> Iterator[K]:
        changes, base = self.changes, self.base
        for key in base:
            if changes.get(key) is not GONE:
                yield key
        for key, value in changes.items():
            if value is not GONE and key not in base:
                yield key

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"Layered({dict(self)!r})"

    def may_differ_in(self, other: Mapping[K, V]) -> Iterable[K]:
        """All keys in which this mapping and `other` differ, and maybe some more."""
        if isinstance(other, Layered) and other.base is self.base:
            return chain(other.changes, self.changes)
        return chain(other, self)


def differing_keys(before: Mapping[K, V], after: Mapping[K, V]) -> list[K]:
    """The keys whose values are not the same object, those of `before` first."""
    keys = after.may_differ_in(before) if isinstance(after, Layered) else chain(before, after)
    return [key for key in dict.fromkeys(keys) if before.get(key) is not after.get(key)]
