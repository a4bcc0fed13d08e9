"""What a peer asks for by SETTINGS (RFC 9113 section 6.5.2)."""

import base64
from collections.abc import Iterable
from enum import IntEnum

from kfsim.dataplane.http2.errors import ConnectionFault, ErrorCode
from kfsim.dataplane.http2.windows import FIRST, LARGEST


class Setting(IntEnum):
    """Identifiers."""

    HEADER_TABLE_SIZE = 0x1
    ENABLE_PUSH = 0x2
    MAX_CONCURRENT_STREAMS = 0x3
    INITIAL_WINDOW_SIZE = 0x4
    MAX_FRAME_SIZE = 0x5
    MAX_HEADER_LIST_SIZE = 0x6


class Settings:
    """One peer's, as far as they matter: what is sent has small frames and no dynamic table."""

    __slots__ = ("initial_window", "max_streams")

    def __init__(self) -> None:
        self.initial_window = FIRST
        self.max_streams = LARGEST

    def update(self, values: Iterable[tuple[int, int]]) -> None:
        """Raises ConnectionFault for a value that may not be."""
        for key, value in values:
            if key == Setting.INITIAL_WINDOW_SIZE:
                if value > LARGEST:
                    raise ConnectionFault(ErrorCode.FLOW_CONTROL_ERROR, "a window is too large")
                self.initial_window = value
            elif key == Setting.MAX_CONCURRENT_STREAMS:
                self.max_streams = value
            elif key == Setting.ENABLE_PUSH and value > 1:
                raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "ENABLE_PUSH is 0 or 1")
            elif key == Setting.MAX_FRAME_SIZE and not 2**14 <= value < 2**24:
                raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "MAX_FRAME_SIZE is out of bounds")


def decode_settings(value: bytes) -> bytes | None:
    """The payload in HTTP2-Settings (RFC 7540 section 3.2.1); None for what is none."""
    try:
        payload = base64.b64decode(value + b"=" * (-len(value) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    return payload if len(payload) % 6 == 0 else None
