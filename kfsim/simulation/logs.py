"""The few lines that a simulated container writes, kept in memory."""

import asyncio
from collections.abc import AsyncIterator

from kfsim.replicas.backend import LogOptions


class ContainerLog:
    """One container's lines over all of its runs, each with the timestamp it was written at."""

    def __init__(self) -> None:
        self._runs: list[list[tuple[str, str]]] = [[]]
        self._written = asyncio.Event()
        self._closed = False

    def begin_run(self) -> None:
        """The container starts (again): lines so far become those of the previous run."""
        if self._runs[-1]:
            self._runs.append([])

    def write(self, timestamp: str, text: str) -> None:
        self._runs[-1].append((timestamp, text))
        self._wake()

    def close(self) -> None:
        """The replica is gone: whoever follows reaches the end."""
        self._closed = True
        self._wake()

    async def read(self, options: LogOptions) -> AsyncIterator[bytes]:
        """The lines of the latest run (or the one before it), then new ones when following."""
        if options.previous:
            lines = self._runs[-2] if len(self._runs) > 1 else []
        else:
            lines = self._runs[-1]
        position = 0 if options.tail_lines is None else max(0, len(lines) - options.tail_lines)
        while True:
            while position < len(lines):
                timestamp, text = lines[position]
                position += 1
                yield (
                    f"{timestamp} {text}\n".encode()
                    if options.timestamps
                    else (f"{text}\n".encode())
                )
            if (
                not options.follow
                or options.previous
                or self._closed
                or lines is not self._runs[-1]
            ):
                return
            await self._written.wait()

    def _wake(self) -> None:
        self._written.set()
        self._written = asyncio.Event()
