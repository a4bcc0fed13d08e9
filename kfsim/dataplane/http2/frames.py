"""HTTP/2 frames as bytes (RFC 9113 sections 4.1 and 6)."""

import struct
from collections.abc import Iterable
from typing import Final

from kfsim.dataplane.http2.errors import ConnectionFault, ErrorCode, StreamFault

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADER_SIZE: Final = 9
MAX_FRAME_SIZE: Final = 16384
"""What is sent and taken; nobody may forbid it (section 4.2)."""

DATA: Final = 0x0
HEADERS: Final = 0x1
PRIORITY: Final = 0x2
RST_STREAM: Final = 0x3
SETTINGS: Final = 0x4
PUSH_PROMISE: Final = 0x5
PING: Final = 0x6
GOAWAY: Final = 0x7
WINDOW_UPDATE: Final = 0x8
CONTINUATION: Final = 0x9

ACK: Final = 0x1
END_STREAM: Final = 0x1
END_HEADERS: Final = 0x4
PADDED: Final = 0x8
PRIORITIZED: Final = 0x20

_HEADER: Final = struct.Struct(">HBBBL")
_WORD: Final = struct.Struct(">L")
_SETTING: Final = struct.Struct(">HL")
_MOST_REASON: Final = 512


def frame_header(length: int, kind: int, flags: int, stream: int) -> bytes:
    return _HEADER.pack(length >> 8, length & 0xFF, kind, flags, stream)


def make_frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return frame_header(len(payload), kind, flags, stream) + payload


def make_data(stream: int, data: bytes, *, end: bool) -> bytes:
    """One DATA frame; at most MAX_FRAME_SIZE bytes."""
    return make_frame(DATA, END_STREAM if end else 0, stream, data)


def make_headers(stream: int, block: bytes, *, end: bool) -> bytes:
    """HEADERS, and CONTINUATION as far as the block needs it."""
    flags = END_STREAM if end else 0
    if len(block) <= MAX_FRAME_SIZE:
        return make_frame(HEADERS, flags | END_HEADERS, stream, block)
    frames = [make_frame(HEADERS, flags, stream, block[:MAX_FRAME_SIZE])]
    for start in range(MAX_FRAME_SIZE, len(block), MAX_FRAME_SIZE):
        last = END_HEADERS if start + MAX_FRAME_SIZE >= len(block) else 0
        part = block[start : start + MAX_FRAME_SIZE]
        frames.append(make_frame(CONTINUATION, last, stream, part))
    return b"".join(frames)


def make_settings(values: Iterable[tuple[int, int]]) -> bytes:
    return make_frame(SETTINGS, 0, 0, b"".join(_SETTING.pack(*pair) for pair in values))


SETTINGS_ACK: Final = make_frame(SETTINGS, ACK, 0)


def make_reset(stream: int, code: int) -> bytes:
    return make_frame(RST_STREAM, 0, stream, _WORD.pack(code))


def make_goaway(last_stream: int, code: int, reason: str = "") -> bytes:
    payload = _WORD.pack(last_stream) + _WORD.pack(code) + reason.encode()[:_MOST_REASON]
    return make_frame(GOAWAY, 0, 0, payload)


def make_window_update(stream: int, increment: int) -> bytes:
    return make_frame(WINDOW_UPDATE, 0, stream, _WORD.pack(increment))


def make_ping(payload: bytes, *, ack: bool) -> bytes:
    """`payload` has eight bytes."""
    return make_frame(PING, ACK if ack else 0, 0, payload)


def read_word(payload: bytes, kind: str) -> int:
    """The payload of RST_STREAM and WINDOW_UPDATE."""
    if len(payload) != 4:
        raise ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, f"{kind} needs 4 bytes")
    value: int = _WORD.unpack(payload)[0]
    return value


def read_settings(payload: bytes) -> list[tuple[int, int]]:
    if len(payload) % _SETTING.size:
        raise ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, "SETTINGS needs 6 bytes each")
    return list(_SETTING.iter_unpack(payload))


def read_goaway(payload: bytes) -> tuple[int, int, str]:
    """Last stream, code, and what was said."""
    if len(payload) < 8:
        raise ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, "GOAWAY needs 8 bytes")
    last, code = struct.unpack_from(">LL", payload)
    return last & 0x7FFFFFFF, code, payload[8:].decode("utf-8", "replace")


def take_padding(flags: int, payload: bytes) -> bytes:
    """The payload without its padding (section 6.1)."""
    if not flags & PADDED:
        return payload
    if not payload or payload[0] >= len(payload):
        raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "the padding is longer than the frame")
    return payload[1 : len(payload) - payload[0]]


def check_priority(stream: int, payload: bytes) -> None:
    """The five bytes of PRIORITY, or at the start of HEADERS; what they say is out of use
    (section 5.3.2), but a stream must not depend on itself."""
    if len(payload) < 5:
        raise ConnectionFault(ErrorCode.FRAME_SIZE_ERROR, "a priority needs 5 bytes")
    if _WORD.unpack_from(payload)[0] & 0x7FFFFFFF == stream:
        raise StreamFault(ErrorCode.PROTOCOL_ERROR, "the stream depends on itself")
