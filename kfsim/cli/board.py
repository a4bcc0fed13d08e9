"""Where the lines of services that start are shown: one below the other, or each in its place.

On a terminal a service keeps its line, which is rewritten as it gets on; elsewhere (a file, CI)
every change is a line of its own. Written by hand and not with rich, whose import would take longer
than many services take to start.
"""

import os
import shutil
import sys
from collections.abc import Callable
from typing import Protocol, TextIO

Say = Callable[[str], None]


class Board(Protocol):
    """`in_place` says that a line may be told as often as it changes."""

    in_place: bool

    def tell(self, key: str, text: str) -> None:
        """Show the text as the line of `key`."""
        ...


class PlainBoard:
    """Each change is said."""

    in_place = False

    def __init__(self, say: Say) -> None:
        self._say = say

    def tell(self, key: str, text: str) -> None:
        """See Board."""
        self._say(text)


class TerminalBoard:
    """A block of lines at the terminal's end. Nothing else may be printed between two calls."""

    in_place = True

    def __init__(self, stream: TextIO, *, columns: int, rows: int) -> None:
        self._stream = stream
        self._columns = columns
        self._rows = rows
        self._lines: dict[str, str] = {}

    def tell(self, key: str, text: str) -> None:
        """See Board. A block that outgrows the terminal goes on as plain lines, because what has
        left the screen cannot be rewritten."""
        before = list(self._lines)
        if key not in self._lines:
            self._lines[key] = text
            self._stream.write(self._fit(text) + "\n")
        elif self._lines[key] != text:
            self._lines[key] = text
            up = len(before) - before.index(key)
            if up < self._rows:
                self._stream.write(f"\x1b[{up}A\r{self._fit(text)}\x1b[K\x1b[{up}B\r")
            else:
                self._stream.write(text + "\n")
                del self._lines[key]
                self._lines[key] = text  # it is the last line now
        self._stream.flush()

    def _fit(self, text: str) -> str:
        """A line that wraps would spoil the counting of lines."""
        return text if len(text) < self._columns else text[: self._columns - 2] + "…"


def make_board(say: Say) -> Board:
    """A board on standard output, by what it is."""
    if not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        return PlainBoard(say)
    size = shutil.get_terminal_size()
    return TerminalBoard(sys.stdout, columns=size.columns, rows=size.lines)
