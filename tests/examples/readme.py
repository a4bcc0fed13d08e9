"""The console blocks of a README as a list of commands with what they should print.

A line that begins with `$ ` is a command; the lines below it must appear in its output, in order.
What differs from run to run is not compared: `…` stands for anything within a line, and runs of
spaces for each other. A command without lines below it must only succeed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Step:
    """One command and its lines."""

    command: str
    expected: tuple[str, ...]

    def missing(self, printed: str) -> str | None:
        """The first expected line that is not printed after the one before it."""
        lines = iter(printed.splitlines())
        for wanted in self.expected:
            pattern = _pattern(wanted)
            if not any(pattern.search(line) for line in lines):
                return wanted
        return None


def read_steps(path: Path) -> Iterator[Step]:
    """The commands of all console blocks, in order."""
    for block in _BLOCK.findall(path.read_text()):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, below = part.partition("\n")
            yield Step(command, tuple(line for line in below.splitlines() if line.strip()))


def _pattern(line: str) -> re.Pattern[str]:
    pieces = [r"\s+".join(re.escape(word) for word in piece.split()) for piece in line.split("…")]
    return re.compile(r".*?".join(pieces))
