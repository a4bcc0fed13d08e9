"""Writes of all HTTP/2 connections of a gateway, gathered until whatever causes them is over.

One read from a client can start requests on several streams, and one read from a replica can answer
them all. Their frames go out in one write for each connection.
"""

import asyncio
from abc import ABC, abstractmethod


class Flushable(ABC):
    """A connection with something to write. A base class, because calls are then direct in the
    compiled form."""

    @abstractmethod
    def flush(self) -> None: ...


class Flusher:
    """Flushes at the end of the outermost `enter`, or in the loop's next turn outside of any."""

    __slots__ = ("_depth", "_scheduled", "_touched")

    def __init__(self) -> None:
        self._depth = 0
        self._scheduled = False
        self._touched: list[Flushable] = []

    def enter(self) -> None:
        self._depth += 1

    def leave(self) -> None:
        self._depth -= 1
        if self._depth == 0 and self._touched:
            self._flush()

    def touch(self, connection: Flushable) -> None:
        """It has something to write; called once before each of its flushes."""
        self._touched.append(connection)
        if self._depth == 0 and not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._scheduled = False
        touched, self._touched = self._touched, []
        for connection in touched:
            connection.flush()
