"""Equal texts and labels of many entries, kept once.

Siblings carry the same names, uids and labels, but whoever decodes an object has texts of his own:
of 1,000 services 21 MB where 4 say the same. Siblings are packed, and read back from a journal,
close to each other, so it is enough to remember the latest; `sys.intern` would remember for ever
(Python 3.12).
"""

from collections.abc import Mapping
from typing import Final

NO_LABELS: Final[Mapping[str, str]] = {}
"""Shared by all that have none."""
_KEPT: Final = 1024


class Sharing:
    """Gives the first of all equal ones, as far as it remembers."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._groups: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._labels: dict[tuple[tuple[str, str], ...], Mapping[str, str]] = {}

    def text(self, text: str) -> str:
        if len(self._texts) >= _KEPT:
            self._texts.clear()
        return self._texts.setdefault(text, text)

    def texts(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        """An equal tuple of shared texts."""
        found = self._groups.get(texts)
        if found is None:
            if len(self._groups) >= _KEPT:
                self._groups.clear()
            found = self._groups[texts] = tuple(map(self.text, texts))
        return found

    def labels(self, labels: Mapping[str, str]) -> Mapping[str, str]:
        """Equal labels, in the same order, of shared texts."""
        if not labels:
            return NO_LABELS
        items = tuple(labels.items())
        found = self._labels.get(items)
        if found is None:
            if len(self._labels) >= _KEPT:
                self._labels.clear()
            found = {self.text(name): self.text(value) for name, value in items}
            self._labels[items] = found
        return found
