"""What request and response heads have in common: framing, and headers that end at each hop."""

from collections.abc import Iterable
from enum import IntEnum

RawHeader = tuple[bytes, bytes]


class Framing(IntEnum):
    """How a message's body is delimited."""

    NONE = 0
    LENGTH = 1
    CHUNKED = 2
    UNTIL_CLOSE = 3


class BadHead(Exception):
    """A head that must not be forwarded; answered with `status` and the connection closed."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


# RFC 9110 section 7.6.1 and what Go's ReverseProxy removes besides.
HOP_BY_HOP = frozenset(
    (
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"upgrade",
    )
)
# A Connection header must not take away what frames or routes the message.
_NEVER_NOMINATED = frozenset((b"content-length", b"transfer-encoding", b"host", b"connection"))
_LONGEST_PLAIN_HEAD = 8192
_MOST_DIGITS = 18
_COMMON_OPTIONS = frozenset((b"keep-alive", b"close", b""))


def connection_options(value: bytes) -> set[bytes]:
    """The lower-cased tokens of a Connection header."""
    return {token.strip() for token in value.lower().split(b",")}


def nominated_headers(options: Iterable[bytes]) -> frozenset[bytes]:
    """The headers that a Connection header declares to be for this hop only."""
    return frozenset(options) - _COMMON_OPTIONS - _NEVER_NOMINATED


def find_plain_head(data: bytes, headers: int) -> bytes:
    """The head that `data` begins with, when it is plain where it ends: a first line, one line
    for each of its `headers`, and an empty one. Otherwise nothing: what a parser accepts besides
    (line feeds alone, folded lines, leading empty lines) is not worth remembering."""
    raw = data[: data.find(b"\r\n\r\n", 0, _LONGEST_PLAIN_HEAD) + 4]
    lines = headers + 2
    return raw if raw.count(b"\n") == lines and raw.count(b"\r\n") == lines else b""


def is_length(value: bytes) -> bool:
    """Whether it is a Content-Length that 64 bits hold."""
    return value.isdigit() and len(value) <= _MOST_DIGITS


def chunk(data: bytes) -> tuple[bytes, bytes, bytes]:
    """One chunk of a chunked body, without extensions."""
    return b"%x\r\n" % len(data), data, b"\r\n"


def make_lines(fields: Iterable[RawHeader]) -> bytes:
    """Header lines of HTTP/1.1, each with its line end."""
    return b"".join([b"%b: %b\r\n" % field for field in fields])


def split_lines(lines: bytes) -> list[RawHeader]:
    """The fields of lines that `make_lines` made, or like ones."""
    pairs = (line.partition(b":") for line in lines.split(b"\r\n")[:-1])
    return [(name, value.strip()) for name, _, value in pairs]


LAST_CHUNK = b"0\r\n\r\n"
