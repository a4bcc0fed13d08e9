"""The port through which a store's writes become durable.

The store hands each write to `append` in the tick in which it happens and goes on. Whoever must
not acknowledge a write before it is durable (the API surface, for its clients) awaits
`committed(version)`. resourceVersions are reserved in blocks before they are used: after a crash
the counter continues at the end of the last reserved block, so that a version which a watcher saw
is never given to another write.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ObjectKey:
    """What identifies a stored object across restarts."""

    api_version: str
    kind: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Change:
    """One write: the object's bytes, or None for its removal."""

    key: ObjectKey
    version: int
    raw: bytes | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a journal holds: the latest bytes of each object, in the order of their versions and to
    be gone through once, and the end of the reserved block."""

    changes: Iterable[Change]
    reserved: int


class Journal(Protocol):
    """Keeps writes beyond the life of the process."""

    def load(self) -> Snapshot:
        """Everything committed so far. Called once, before the first append.

        Raises Unavailable, naming the file and the mend, when it cannot be read.
        """
        ...

    def begin(self, reserved: int) -> None:
        """Reserve the first block of versions. Called once, after `load` and before the first
        append; may wait for the medium. Raises Unavailable."""
        ...

    def append(self, change: Change) -> None:
        """Take a write; later ones of the same object replace it. Never waits."""
        ...

    def reserve(self, until: int) -> None:
        """Ask that versions up to `until` become usable. Never waits."""
        ...

    @property
    def reserved(self) -> int:
        """The highest version that may be used; durable."""
        ...

    async def committed(self, version: int) -> None:
        """Return once every change up to `version` is durable. Raises Unavailable when the
        medium refuses; the changes are kept and tried again."""
        ...

    async def close(self) -> None:
        """Write what is pending and let go of the medium."""
        ...


class NoJournal:
    """Keeps nothing: for stores that end with their process, as under virtual time."""

    def load(self) -> Snapshot:
        return Snapshot((), 0)

    def begin(self, reserved: int) -> None:
        self.reserved = reserved

    def append(self, change: Change) -> None:
        return

    def reserve(self, until: int) -> None:
        self.reserved = until

    async def committed(self, version: int) -> None:
        return

    async def close(self) -> None:
        return


class MemoryJournal:
    """A journal that lives as long as its object, to restart a store from.

    Every change is committed at once.
    """

    def __init__(self) -> None:
        self._objects: dict[ObjectKey, Change] = {}
        self._reserved = 0

    def load(self) -> Snapshot:
        return Snapshot(tuple(self._objects.values()), self._reserved)

    def begin(self, reserved: int) -> None:
        self._reserved = reserved

    def append(self, change: Change) -> None:
        if change.raw is None:
            self._objects.pop(change.key, None)
        else:
            self._objects[change.key] = change

    def reserve(self, until: int) -> None:
        self._reserved = max(self._reserved, until)

    @property
    def reserved(self) -> int:
        return self._reserved

    async def committed(self, version: int) -> None:
        return

    async def close(self) -> None:
        return
