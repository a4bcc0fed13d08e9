"""The client connections of one gateway, so that it can close them all, and those that rest."""

import asyncio
from collections.abc import Iterator
from typing import Protocol


class Closable(Protocol):
    """A client connection, whatever it speaks."""

    def close_when_idle(self) -> None:
        """Close now, or after the request that runs at present."""
        ...

    def close_now(self) -> None: ...

    def look(self, now: float) -> None:
        """Called now and then: the time to close what takes too long to ask."""
        ...

    def loose_bytes(self) -> int:
        """See `buffered.Holder`."""
        ...

    def open_streams(self) -> int:
        """HTTP/2 streams that are open on it; 0 where it speaks something else."""
        ...


class OpenConnections:
    """Those that are open, oldest first."""

    def __init__(self) -> None:
        self._open: dict[Closable, None] = {}
        self._none = asyncio.Event()

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[Closable]:
        return iter(self._open)

    def add(self, connection: Closable) -> None:
        self._open[connection] = None
        self._none.clear()

    def remove(self, connection: Closable) -> None:
        self._open.pop(connection, None)
        if not self._open:
            self._none.set()

    def look(self, now: float) -> None:
        for connection in tuple(self._open):
            connection.look(now)

    async def close(self, drain: float) -> None:
        """Let running requests end for `drain` seconds, then cut what is left."""
        for connection in tuple(self._open):
            connection.close_when_idle()
        if self._open and drain > 0:
            try:
                async with asyncio.timeout(drain):
                    await self._none.wait()
            except TimeoutError:
                pass  # what has not ended by now is cut
        for connection in tuple(self._open):
            connection.close_now()
