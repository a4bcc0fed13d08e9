"""Equal texts of many entries, kept once.

Siblings share what their builders passed on from one to the other; read back from a journal, each
would have texts of its own: 21 MB of 1,000 services, where 4 say the same. It is meant for one
pass over many entries and then thrown away: `sys.intern` would remember for ever (Python 3.12).
"""

from collections.abc import Mapping
from typing import Final

NO_LABELS: Final[Mapping[str, str]] = {}
"""Shared by all that have none."""


class Sharing:
    """Gives the first of all equal texts."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def text(self, text: str) -> str:
        return self._texts.setdefault(text, text)

    def labels(self, labels: Mapping[str, str]) -> Mapping[str, str]:
        """Equal labels of shared texts."""
        return {self.text(name): self.text(value) for name, value in labels.items()} or NO_LABELS
