"""What one connection has to write, until it is flushed."""

import asyncio
from typing import Any, cast

from kfsim.dataplane.http2.flusher import Flushable, Flusher


class Outgoing(Flushable):
    """Frames in order; written with those of the same turn in one go."""

    __slots__ = ("_flusher", "_frames", "_touched", "_transport")

    def __init__(self, flusher: Flusher) -> None:
        self._flusher = flusher
        self._frames: list[bytes] = []
        self._touched = False
        self._transport: Any = None

    def attach(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass

    def emit(self, frame: bytes) -> None:
        self._frames.append(frame)
        if not self._touched:
            self._touched = True
            self._flusher.touch(self)

    def flush(self) -> None:
        """See `Flushable`."""
        self._touched = False
        frames, self._frames = self._frames, []
        if frames and not self._transport.is_closing():
            self._transport.write(frames[0] if len(frames) == 1 else b"".join(frames))
