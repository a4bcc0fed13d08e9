"""Reading from a socket is on unless somebody has a reason against it."""

import asyncio
from enum import IntFlag


class Reason(IntFlag):
    """Why reading is paused."""

    NONE = 0
    REQUEST = 1  # the upstream, or a held request's buffer, takes no more
    BACKLOG = 2  # pipelined requests wait behind the present one


class ReadingSwitch:
    """Pauses a transport while any reason is set. Disconnects are not seen while it is paused."""

    __slots__ = ("_reasons", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._reasons = Reason.NONE

    @property
    def paused(self) -> bool:
        return self._reasons is not Reason.NONE

    def stop(self, reason: Reason) -> None:
        if not self._reasons and not self._transport.is_closing():
            self._transport.pause_reading()
        self._reasons |= reason

    def go(self, reason: Reason) -> None:
        if not self._reasons:
            return
        self._reasons &= ~reason
        if not self._reasons and not self._transport.is_closing():
            self._transport.resume_reading()
