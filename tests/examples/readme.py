"""The console blocks of a README as a list of commands with what they should print.

A line that begins with `$ ` is a command; the lines below it must appear in its output, in order,
but for neighbours that end in "Ready": services become Ready when they do, in any order. A command
without lines below it must only succeed. What differs from run to run is not compared:
durations, ages, ports, the random part of a Pod's name, image ids, runs of spaces; `…` stands for
anything within a line.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_VARYING = re.compile(
    r"(?P<anything>…)"
    r"|(?P<space>\s+)"
    r"|(?P<duration>\b\d+(?:\.\d+)?\s?(?:ms|s|m\d*s?|h)\b)"
    r"|(?P<pod>-deployment-[a-z0-9]{10}-[a-z0-9]{5}\b)"
    r"|(?P<port>(?<=[a-z0-9]):\d{4,5}\b)"
    r"|(?P<id>\b[0-9a-f]{12}\b)"
)
_PATTERNS = {
    "anything": r".*?",
    "space": r"\s+",
    "duration": r"\d+(?:\.\d+)?\s?(?:ms|s|m\d*s?|h)",
    "pod": r"-deployment-[a-z0-9]{10}-[a-z0-9]{5}",
    "port": r":\d+",
    "id": r"[0-9a-f]{12}",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One command and its lines."""

    command: str
    expected: tuple[str, ...]

    def missing(self, printed: str) -> str | None:
        """The first expected line that is not printed after the ones it must follow."""
        lines, start = printed.splitlines(), 0
        for any_order, wanted in groupby(self.expected, lambda line: line.endswith("Ready")):
            end = start
            for line in wanted:
                pattern = make_pattern(line)
                first = start if any_order else end
                found = next(
                    (n for n in range(first, len(lines)) if pattern.search(lines[n])), None
                )
                if found is None:
                    return line
                end = max(end, found + 1)
            start = end
        return None


def read_steps(text: str) -> Iterator[Step]:
    """The commands of all console blocks, in order."""
    for block in _BLOCK.findall(text):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, below = part.partition("\n")
            yield Step(command, tuple(line for line in below.splitlines() if line.strip()))


def read_file(path: Path) -> list[Step]:
    return list(read_steps(path.read_text()))


def make_pattern(line: str) -> re.Pattern[str]:
    """What a printed line must contain."""
    made, end = [], 0
    for found in _VARYING.finditer(line.strip()):
        made.append(re.escape(line.strip()[end : found.start()]))
        made.append(_PATTERNS[found.lastgroup or ""])
        end = found.end()
    return re.compile("".join([*made, re.escape(line.strip()[end:])]))
