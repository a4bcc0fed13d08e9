"""A client's request head, checked and taken apart once.

`parse_request_head` walks the headers a single time: most lines are kept as they came, the few
that frame, route or belong to this hop are taken out. Ambiguous framing is refused here, so what
goes upstream is one well-formed request. The forwarding headers are as a cluster's ingress and
queue-proxy set them (knative pkg/queue/forwarded_shim.go).
"""

import re
from collections.abc import Sequence
from enum import IntEnum

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


class Rule(IntEnum):
    """What is done with a header that is not simply forwarded."""

    DROP = 0
    HOST = 1
    LENGTH = 2
    CODING = 3
    CONNECTION = 4
    FORWARDED_FOR = 5
    FORWARDED = 6
    REQUEST_ID = 7
    EXPECT = 8
    UPGRADE = 9
    HTTP2_SETTINGS = 10


# K-Proxy-Request and the revision headers are for the hops inside; a client's are not believed.
RULES: dict[bytes, Rule] = dict.fromkeys(HOP_BY_HOP, Rule.DROP) | {
    b"k-proxy-request": Rule.DROP,
    b"k-original-host": Rule.DROP,
    b"knative-serving-revision": Rule.DROP,
    b"knative-serving-namespace": Rule.DROP,
    b"x-forwarded-proto": Rule.DROP,
    b"x-forwarded-host": Rule.DROP,
    b"host": Rule.HOST,
    b"content-length": Rule.LENGTH,
    b"transfer-encoding": Rule.CODING,
    b"connection": Rule.CONNECTION,
    b"x-forwarded-for": Rule.FORWARDED_FOR,
    b"forwarded": Rule.FORWARDED,
    b"x-request-id": Rule.REQUEST_ID,
    b"expect": Rule.EXPECT,
    b"upgrade": Rule.UPGRADE,
    b"http2-settings": Rule.HTTP2_SETTINGS,
}
# RFC 3986 section 3.2.2 without the characters that would begin something else in Forwarded.
_HOST = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+%-]+)(?::[0-9]*)?")
_OWN_PROTOCOLS = frozenset((b"h2c", b"h2", b"http/2.0", b"http/1.1"))
_IDEMPOTENT = frozenset((b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"TRACE"))


class RequestHead:
    """What the gateway needs to know of a request, whatever its protocol.

    What is forwarded of its headers is at hand as `lines` for HTTP/1.1 and as `fields` for HTTP/2;
    whoever makes the head sets one of them, and the other is made when it is asked for. `upgrade`
    is the protocol that the client asks the replica to switch to, empty for none; `takes_trailers`
    what `te: trailers` of HTTP/2 says, `grpc` that a gRPC client asks by HTTP/2. `http2_settings`
    is what an HTTP/1.1 request that may go on in HTTP/2 says of it, None for all others.
    """

    __slots__ = (
        "_fields",
        "_lines",
        "content_length",
        "expects_continue",
        "forwarded",
        "forwarded_for",
        "framing",
        "grpc",
        "host",
        "http2_settings",
        "http11",
        "keep_alive",
        "method",
        "request_id",
        "takes_trailers",
        "target",
        "upgrade",
    )

    def __init__(self, method: bytes, target: bytes, *, http11: bool, keep_alive: bool) -> None:
        self.method = method
        self.target = target
        self.http11 = http11
        self.keep_alive = keep_alive
        self.host: bytes | None = None
        self.framing = Framing.NONE
        self.content_length = 0
        self.forwarded_for = b""
        self.forwarded = b""
        self.request_id = b""
        self.expects_continue = False
        self.upgrade = b""
        self.takes_trailers = False
        self.grpc = False
        self.http2_settings: bytes | None = None
        self._lines: bytes | None = None
        self._fields: Sequence[RawHeader] | None = None

    @property
    def lines(self) -> bytes:
        if self._lines is None:
            self._lines = make_lines(self._fields or ())
        return self._lines

    @lines.setter
    def lines(self, lines: bytes) -> None:
        self._lines = lines

    @property
    def fields(self) -> Sequence[RawHeader]:
        if self._fields is None:
            self._fields = split_lines(self._lines or b"")
        return self._fields

    @fields.setter
    def fields(self, fields: Sequence[RawHeader]) -> None:
        self._fields = fields

    def mentions(self, word: bytes) -> bool:
        """Whether a forwarded header holds the lower-case word, in its name or its value."""
        if self._lines is None:
            return word in b"".join(map(b"".join, self._fields or ())).lower()
        return word in self._lines.lower()

    @property
    def replayable(self) -> bool:
        """Whether it may be sent twice when it is unknown if the first one arrived."""
        return self.framing is Framing.NONE and self.method in _IDEMPOTENT


def parse_request_head(
    method: bytes, target: bytes, version: str, headers: Sequence[RawHeader], *, keep_alive: bool
) -> RequestHead:
    """Check a head and take it apart; raises BadHead."""
    if version not in ("1.1", "1.0"):
        raise BadHead(505, f"HTTP version {version} is not served here; use HTTP/1.1")
    if method == b"CONNECT":
        raise BadHead(405, "CONNECT is not served here")
    head = RequestHead(method, target, http11=version == "1.1", keep_alive=keep_alive)
    lines: list[bytes] = []
    nominated: frozenset[bytes] = frozenset()
    for header in headers:
        name, value = header
        rule = RULES.get(name.lower())
        if rule is None:
            lines.append(name + b": " + value + b"\r\n")
        elif rule is Rule.CONNECTION:
            nominated |= nominated_headers(connection_options(value))
        elif rule is not Rule.DROP:
            apply_rule(head, rule, value)
    if nominated:
        gone = nominated.union(RULES)
        lines = [b"%b: %b\r\n" % header for header in headers if header[0].lower() not in gone]
    if head.http2_settings is not None and not _may_go_on_in_http2(head, nominated):
        head.http2_settings = None
    if head.upgrade and not _may_switch(head, nominated):
        head.upgrade = b""
    head.lines = b"".join(lines)
    if head.host is None and head.http11:
        raise BadHead(400, "the request has no Host header")
    if target[:1] != b"/":
        _normalise_target(head)
    if b"#" in head.target:
        raise BadHead(400, "the request target has a fragment")
    if head.host is None:
        head.host = b""
    return head


def apply_rule(head: RequestHead, rule: Rule, value: bytes) -> None:
    """Note in the head what such a header says; raises BadHead."""
    if rule is Rule.HOST:
        if head.host is not None:
            raise BadHead(400, "the request has more than one Host header")
        head.host = value.strip()
        if not _HOST.fullmatch(head.host):
            raise BadHead(400, "the Host header is not a host name")
    elif rule is Rule.LENGTH:
        _set_length(head, value.strip())
    elif rule is Rule.CODING:
        _set_coding(head, value)
    elif rule is Rule.FORWARDED_FOR:
        head.forwarded_for += b", " + value if head.forwarded_for else value
    elif rule is Rule.FORWARDED:
        head.forwarded += b", " + value if head.forwarded else value
    elif rule is Rule.REQUEST_ID:
        head.request_id = value
    elif rule is Rule.HTTP2_SETTINGS:
        head.http2_settings = value.strip()
    elif rule is Rule.UPGRADE:
        head.upgrade += b", " + value if head.upgrade else value
    elif rule is Rule.EXPECT and value.strip().lower() == b"100-continue" and head.http11:
        head.expects_continue = True


def _may_go_on_in_http2(head: RequestHead, nominated: frozenset[bytes]) -> bool:
    """`Upgrade: h2c` with its settings (RFC 7540 section 3.2), here without a body."""
    return (
        head.http11
        and nominated >= {b"upgrade", b"http2-settings"}
        and head.framing is Framing.NONE
        and head.upgrade.strip().lower() == b"h2c"
    )


def _may_switch(head: RequestHead, nominated: frozenset[bytes]) -> bool:
    """An Upgrade counts where Connection names it (RFC 9110 section 7.8), and here without a body,
    which would be in the way. HTTP/2 is the gateway's own affair."""
    return (
        head.http11
        and b"upgrade" in nominated
        and head.framing is Framing.NONE
        and head.upgrade.lower() not in _OWN_PROTOCOLS
    )


def _set_length(head: RequestHead, value: bytes) -> None:
    if head.framing is not Framing.NONE or not is_length(value):
        raise BadHead(400, "the request's Content-Length is not one number")
    head.content_length = int(value)
    head.framing = Framing.LENGTH


def _set_coding(head: RequestHead, value: bytes) -> None:
    if not head.http11:
        raise BadHead(400, "Transfer-Encoding needs HTTP/1.1")
    if head.framing is not Framing.NONE:
        raise BadHead(400, "the request has Transfer-Encoding and Content-Length, or it twice")
    if value.strip().lower() != b"chunked":
        raise BadHead(501, "chunked is the only transfer coding that is served here")
    head.framing = Framing.CHUNKED


def _normalise_target(head: RequestHead) -> None:
    """Turn `http://host/path` into Host and path (RFC 9112 section 3.2.2)."""
    if head.target == b"*" and head.method == b"OPTIONS":
        return
    scheme, separator, rest = head.target.partition(b"://")
    if not separator or scheme.lower() not in (b"http", b"https"):
        raise BadHead(400, "the request target is neither a path nor an http URL")
    end = min(found for mark in b"/?" if (found := (rest + b"/").find(mark)) >= 0)
    head.host = rest[:end]
    if not _HOST.fullmatch(head.host):
        raise BadHead(400, "the request target names no host")
    head.target = rest[end:] if rest[end : end + 1] == b"/" else b"/" + rest[end:]
