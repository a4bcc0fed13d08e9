"""A replica's response head, checked, and the head that goes to the client instead."""

from collections.abc import Sequence

from kfsim.dataplane.heads import (
    HOP_BY_HOP,
    BadHead,
    Framing,
    RawHeader,
    connection_options,
    is_length,
    make_lines,
    nominated_headers,
    split_lines,
)

# Set by the gateway itself, or belonging to the hop to the replica.
TAKEN_OUT = HOP_BY_HOP | {
    b"connection",
    b"content-length",
    b"transfer-encoding",
    b"kfsim-revision",
    b"kfsim-replica",
    b"kfsim-start",
    b"http2-settings",
}
_REASONS: dict[int, bytes] = {
    100: b"Continue", 101: b"Switching Protocols", 103: b"Early Hints", 200: b"OK", 201: b"Created",
    202: b"Accepted", 204: b"No Content", 206: b"Partial Content", 301: b"Moved Permanently",
    302: b"Found", 303: b"See Other", 304: b"Not Modified", 307: b"Temporary Redirect",
    308: b"Permanent Redirect", 400: b"Bad Request", 401: b"Unauthorized", 403: b"Forbidden",
    404: b"Not Found", 405: b"Method Not Allowed", 406: b"Not Acceptable", 408: b"Request Timeout",
    409: b"Conflict", 410: b"Gone", 411: b"Length Required", 412: b"Precondition Failed",
    413: b"Content Too Large", 415: b"Unsupported Media Type", 417: b"Expectation Failed",
    422: b"Unprocessable Content", 429: b"Too Many Requests",
    431: b"Request Header Fields Too Large", 500: b"Internal Server Error", 501: b"Not Implemented",
    502: b"Bad Gateway", 503: b"Service Unavailable", 504: b"Gateway Timeout",
    505: b"HTTP Version Not Supported",
}  # fmt: skip
_STATUS_LINES = {
    status: b"HTTP/1.1 %d %b\r\n" % (status, reason) for status, reason in _REASONS.items()
}


def status_line(status: int) -> bytes:
    """The first line of a response."""
    return _STATUS_LINES.get(status) or b"HTTP/1.1 %d Unknown\r\n" % status


class ResponseHead:
    """Status, framing, and the headers that the client gets as they are, either as `fields` or as
    `lines` of HTTP/1.1; the other form is made when it is asked for."""

    __slots__ = (
        "_fields",
        "_lines",
        "_made",
        "_made_with",
        "block",
        "block_with",
        "content_length",
        "framing",
        "status",
    )

    def __init__(
        self,
        status: int,
        framing: Framing,
        content_length: int,
        fields: Sequence[RawHeader] | None,
        lines: bytes | None = None,
    ) -> None:
        self.status = status
        self.framing = framing
        self.content_length = content_length
        self._fields = fields
        self._lines = lines
        self._made = b""
        self._made_with: tuple[Framing, bytes, bytes] | None = None
        self.block = b""
        """The head as HTTP/2 has encoded it, with `block_with` added to it."""
        self.block_with = b""

    @property
    def lines(self) -> bytes:
        if self._lines is None:
            self._lines = make_lines(self._fields or ())
        return self._lines

    @property
    def fields(self) -> Sequence[RawHeader]:
        if self._fields is None:
            self._fields = split_lines(self._lines or b"")
        return self._fields

    def make(self, framing: Framing, *, added: bytes, connection: bytes) -> bytes:
        """The head that goes to the client; `added` and `connection` are whole lines or empty.

        It is kept for the next time, because a head that repeats is the same object.
        """
        made_with = (framing, added, connection)
        if self._made_with != made_with:
            self._made_with = made_with
            self._made = make_response_head(self, framing, added=added, connection=connection)
        return self._made


def has_no_body(method: bytes, status: int) -> bool:
    """Whether a final response ends with its head, whatever its headers say (RFC 9112 6.3)."""
    return method == b"HEAD" or status in (204, 304)


def parse_response_head(method: bytes, status: int, headers: Sequence[RawHeader]) -> ResponseHead:
    """Check a response head; raises BadHead (as 502) when its framing is ambiguous."""
    framing = Framing.UNTIL_CLOSE
    content_length = -1
    fields: list[RawHeader] = []
    nominated: frozenset[bytes] = frozenset()
    for header in headers:
        name = header[0].lower()
        if name not in TAKEN_OUT:
            fields.append(header)
        elif name == b"content-length":
            content_length = _parse_length(header[1].strip(), content_length)
        elif name == b"transfer-encoding":
            if header[1].strip().lower() != b"chunked" or framing is Framing.CHUNKED:
                raise BadHead(502, "the replica answered with an unknown transfer coding")
            framing = Framing.CHUNKED
        elif name == b"connection":
            nominated |= nominated_headers(connection_options(header[1]))
    if nominated:
        gone = nominated | TAKEN_OUT
        fields = [header for header in headers if header[0].lower() not in gone]
    if content_length >= 0:
        if framing is Framing.CHUNKED:
            raise BadHead(502, "the replica answered with two kinds of framing")
        framing = Framing.LENGTH
    if has_no_body(method, status):
        # A HEAD's or 304's Content-Length describes the body that is not sent.
        framing = Framing.NONE
        if content_length >= 0 and status != 204:
            fields.append((b"Content-Length", b"%d" % content_length))
    return ResponseHead(status, framing, content_length, fields)


def _parse_length(value: bytes, known: int) -> int:
    if known >= 0 or not is_length(value):
        raise BadHead(502, "the replica's Content-Length is not one number")
    return int(value)


def interim_fields(headers: Sequence[RawHeader]) -> list[RawHeader]:
    """What the client gets of a 1xx response's headers."""
    return [header for header in headers if header[0].lower() not in TAKEN_OUT]


def make_switching_lines(asked: bytes, headers: Sequence[RawHeader]) -> bytes:
    """The lines of a 101 as the client gets them. Raises BadHead where it switches to anything but
    what was asked for."""
    chosen = b", ".join(value for name, value in headers if name.lower() == b"upgrade")
    if chosen.lower() not in [each.strip() for each in asked.lower().split(b",")] or not chosen:
        raise BadHead(
            502,
            f"it switched to the protocol {chosen.decode('latin-1')!r} where "
            f"{asked.decode('latin-1')!r} was asked for",
        )
    lines = make_lines(interim_fields(headers))
    return b"Connection: Upgrade\r\nUpgrade: %b\r\n%b" % (chosen, lines)


def make_response_head(
    head: ResponseHead, framing: Framing, *, added: bytes, connection: bytes
) -> bytes:
    """A final response's head; `connection` and `added` are whole lines or empty."""
    if framing is Framing.LENGTH:
        framed = b"Content-Length: %d\r\n" % head.content_length
    elif framing is Framing.CHUNKED:
        framed = b"Transfer-Encoding: chunked\r\n"
    else:
        framed = b""
    return b"".join((status_line(head.status), head.lines, framed, added, connection, b"\r\n"))
