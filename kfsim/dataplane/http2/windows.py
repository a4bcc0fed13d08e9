"""Flow-control windows of a stream or a connection (RFC 9113 sections 5.2 and 6.9)."""

from typing import Final

from kfsim.dataplane.http2.errors import ConnectionFault, ErrorCode

LARGEST: Final = 2**31 - 1
FIRST: Final = 65535
"""Of a connection, and of streams until SETTINGS say otherwise."""


class SendWindow:
    """How much may be sent. A change of SETTINGS_INITIAL_WINDOW_SIZE can make it negative."""

    __slots__ = ("left",)

    def __init__(self, size: int = FIRST) -> None:
        self.left = size

    def spend(self, size: int) -> None:
        self.left -= size

    def grow(self, increment: int) -> bool:
        """False, and nothing done, when it would be larger than a window can be."""
        if self.left + increment > LARGEST:
            return False
        self.left += increment
        return True


class ReceiveWindow:
    """How much the peer may send, kept at `size` by updates once half of it is used."""

    __slots__ = ("_left", "_owed", "_size")

    def __init__(self, size: int) -> None:
        self._size = size
        self._left = size
        self._owed = 0

    def take(self, size: int) -> None:
        """The peer has sent so much. Raises ConnectionFault when it was not allowed to."""
        self._left -= size
        if self._left < 0:
            raise ConnectionFault(ErrorCode.FLOW_CONTROL_ERROR, "more DATA than the window allows")

    def give_back(self, size: int) -> int:
        """So much was used up: the increment to send now, 0 for none yet."""
        owed = self._owed = self._owed + size
        if owed * 2 < self._size:
            return 0
        self._owed = 0
        self._left += owed
        return owed
