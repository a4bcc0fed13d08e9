"""What a check found, and the mend."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much it matters."""

    OK = "ok"
    NOTE = "note"
    """Works, and may surprise."""
    PROBLEM = "problem"
    """Something that is asked for will not work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; `mend` is empty where there is nothing to do."""

    subject: str
    level: Level
    found: str
    mend: str = ""

    @property
    def line(self) -> str:
        text = f"{self.level:<8} {self.subject}: {self.found}"
        return f"{text}; {self.mend}" if self.mend else text


def ok(subject: str, found: str) -> Finding:
    return Finding(subject, Level.OK, found)


def note(subject: str, found: str, mend: str = "") -> Finding:
    return Finding(subject, Level.NOTE, found, mend)


def problem(subject: str, found: str, mend: str) -> Finding:
    return Finding(subject, Level.PROBLEM, found, mend)
