"""What a client reads of a gateway's answers, strictly."""

import re
from dataclasses import dataclass

from tests.hostile.strict import Ambiguous

_STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-9][0-9]{2}) [\t -~\x80-\xff]*")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t -~\x80-\xff]*)")


@dataclass(frozen=True, slots=True)
class Got:
    """A response; `cut` says that the connection ended before its body did."""

    status: int
    fields: tuple[tuple[bytes, bytes], ...]
    body: bytes
    cut: bool = False

    def values(self, name: bytes) -> list[bytes]:
        return [value for each, value in self.fields if each == name]


def read_replies(data: bytes, *, methods: tuple[bytes, ...] = ()) -> list[Got]:
    """All responses in what came until the connection ended; raises Ambiguous."""
    replies: list[Got] = []
    asked = list(methods)
    while data:
        raw, end, data = data.partition(b"\r\n\r\n")
        if not end:
            raise Ambiguous(f"a response ends in its head: {raw!r}")
        first, *lines = raw.split(b"\r\n")
        status, fields = _STATUS_LINE.fullmatch(first), [_FIELD.fullmatch(line) for line in lines]
        if status is None or not all(fields):
            raise Ambiguous(f"a response's head is {raw!r}")
        pairs = tuple((each[1].lower(), each[2].strip(b" \t")) for each in fields)
        head = Got(int(status[1]), pairs, b"")
        interim = head.status < 200
        method = b"GET" if interim or not asked else asked.pop(0)
        body, data, cut = (b"", data, False) if interim else _take_body(head, method, data)
        replies.append(Got(head.status, pairs, body, cut))
    return replies


def _take_body(head: Got, method: bytes, data: bytes) -> tuple[bytes, bytes, bool]:
    lengths, codings = head.values(b"content-length"), head.values(b"transfer-encoding")
    if len(lengths) + len(codings) > 1:
        raise Ambiguous(f"a response is framed by {lengths} and {codings}")
    if method == b"HEAD" or head.status in (204, 304):
        return b"", data, False
    if lengths:
        size = int(lengths[0])
        return data[:size], data[size:], len(data) < size
    if codings:
        return _take_chunks(data)
    return data, b"", False


def _take_chunks(data: bytes) -> tuple[bytes, bytes, bool]:
    body = b""
    while True:
        line, end, rest = data.partition(b"\r\n")
        if not end:
            return body, b"", True
        size = int(line, 16)
        if len(rest) < size + 2:
            return body + rest[:size], b"", True
        body, data = body + rest[:size], rest[size + 2 :]
        if not size:
            return body, data, False
