"""A journal that can be refused its medium, and that loses at a crash what it had not written."""

from kfsim.base.errors import Unavailable
from kfsim.store.journal import Change, MemoryJournal


class FaultyJournal(MemoryJournal):
    """While `full`, changes wait in memory as they do beside a full disk."""

    def __init__(self) -> None:
        super().__init__()
        self._pending: list[Change] = []
        self._asked = 0
        self.full = False

    def append(self, change: Change) -> None:
        if self.full:
            self._pending.append(change)
        else:
            super().append(change)

    def reserve(self, until: int) -> None:
        self._asked = max(self._asked, until)
        if not self.full:
            super().reserve(self._asked)

    async def committed(self, version: int) -> None:
        if self._pending and self._pending[0].version <= version:
            raise Unavailable("the journal cannot be written: no space is left")

    def heal(self) -> None:
        """There is space again: what waited is written."""
        self.full = False
        waiting, self._pending = self._pending, []
        for change in waiting:
            super().append(change)
        super().reserve(self._asked)

    def crash(self) -> None:
        """The process that held the waiting changes is gone; the next one finds space."""
        self._pending.clear()
        self._asked = 0
        self.full = False
