"""A request parser that takes nothing but what RFC 9112 lets a sender send, in one way only.

What the gateway sends to a replica must leave no room for two readings, so this one shares no code
with it and fails on everything that some server reads in another way: see `Ambiguous`.
"""

import re
from dataclasses import dataclass

TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_REQUEST_LINE = re.compile(rb"(" + TOKEN + rb") (/[!-\"$-~]*|\*) HTTP/1\.1")
_FIELD = re.compile(rb"(" + TOKEN + rb"):([\t -~\x80-\xff]*)")
_HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+%-]*)(:[0-9]*)?")
_LENGTH = re.compile(rb"0|[1-9][0-9]{0,17}")
_CHUNK = re.compile(rb"0|[1-9a-f][0-9a-f]{0,15}")
_FOR_ONE_HOP = {b"keep-alive", b"proxy-connection", b"te", b"trailer", b"http2-settings"}


class Ambiguous(AssertionError):
    """Bytes that reached a replica and are not one well-formed request."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as a replica got it; names in lower case."""

    method: bytes
    target: bytes
    fields: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def values(self, name: bytes) -> list[bytes]:
        return [value for each, value in self.fields if each == name]


class StrictParser:
    """Takes bytes as they come; `requests` are those that are complete."""

    def __init__(self) -> None:
        self.requests: list[Seen] = []
        self.heads = 0
        self._rest = b""
        self._head: Seen | None = None
        self._body = b""

    def feed(self, data: bytes) -> None:
        """Raises Ambiguous."""
        self._rest += data
        while self._step():
            pass

    def _step(self) -> bool:
        """Take one more part, if all of it is there."""
        if self._head is None:
            return self._take_head()
        if self._head.values(b"transfer-encoding"):
            return self._take_chunk()
        size = int((self._head.values(b"content-length") or [b"0"])[0])
        if len(self._rest) < size:
            return False
        self._body, self._rest = self._rest[:size], self._rest[size:]
        self._end()
        return True

    def _take_head(self) -> bool:
        raw, end, rest = self._rest.partition(b"\r\n\r\n")
        if not end:
            return False
        self._head, self._rest = parse_head(raw), rest
        self.heads += 1
        return True

    def _take_chunk(self) -> bool:
        line, end, rest = self._rest.partition(b"\r\n")
        if not end:
            return False
        if not _CHUNK.fullmatch(line):
            raise Ambiguous(f"a chunk begins with {line!r}")
        size = int(line, 16)
        if len(rest) < size + 2:
            return False
        if rest[size : size + 2] != b"\r\n":
            raise Ambiguous(f"a chunk of {size} bytes ends with {rest[size : size + 2]!r}")
        self._body += rest[:size]
        self._rest = rest[size + 2 :]
        if not size:
            self._end()
        return True

    def _end(self) -> None:
        head = self._head
        assert head is not None
        self.requests.append(Seen(head.method, head.target, head.fields, self._body))
        self._head, self._body = None, b""


def parse_head(raw: bytes) -> Seen:
    """A head without its last empty line; raises Ambiguous."""
    first, *lines = raw.split(b"\r\n")
    found = _REQUEST_LINE.fullmatch(first)
    if found is None:
        raise Ambiguous(f"a request line is {first!r}")
    fields = tuple(_parse_field(line) for line in lines)
    seen = Seen(found[1], found[2], fields, b"")
    if seen.target == b"*" and seen.method != b"OPTIONS":
        raise Ambiguous(f"{seen.method!r} asks for *")
    _check_fields(seen)
    return seen


def _parse_field(line: bytes) -> tuple[bytes, bytes]:
    found = _FIELD.fullmatch(line)
    if found is None:
        raise Ambiguous(f"a header line is {line!r}")
    return found[1].lower(), found[2].strip(b" \t")


def _check_fields(seen: Seen) -> None:
    names = [name for name, _ in seen.fields]
    lengths, codings = seen.values(b"content-length"), seen.values(b"transfer-encoding")
    hosts = seen.values(b"host")
    if len(hosts) != 1 or not _HOST.fullmatch(hosts[0]):
        raise Ambiguous(f"Host is {hosts}")
    if len(lengths) + len(codings) > 1:
        raise Ambiguous(f"framed by lengths {lengths} and codings {codings}")
    if lengths and not _LENGTH.fullmatch(lengths[0]):
        raise Ambiguous(f"Content-Length is {lengths[0]!r}")
    if codings and codings[0] != b"chunked":
        raise Ambiguous(f"Transfer-Encoding is {codings[0]!r}")
    if left := _FOR_ONE_HOP.intersection(names):
        raise Ambiguous(f"headers for one hop only: {left}")
    upgrade = seen.values(b"upgrade")
    if seen.values(b"connection") != ([b"Upgrade"] if upgrade else []) or len(upgrade) > 1:
        raise Ambiguous(f"Connection is {seen.values(b'connection')} and Upgrade {upgrade}")
