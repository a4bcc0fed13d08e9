"""Header fields of HTTP/2 messages, checked, and the heads that they mean (RFC 9113 section 8).

What is malformed is a StreamFault; what is well-formed but not served is a BadHead, which gets an
answer. A head that passes can be written as HTTP/1.1 without a second look.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from kfsim.dataplane.heads import BadHead, Framing, RawHeader, is_length
from kfsim.dataplane.http2.errors import ErrorCode, StreamFault
from kfsim.dataplane.requests import RULES, RequestHead, Rule, apply_rule
from kfsim.dataplane.responses import TAKEN_OUT, ResponseHead, has_no_body

_NAME: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9a-z]+")
# Section 8.2.1, and the control characters that no HTTP/1.1 parser would take.
_VALUE: Final = re.compile(rb"(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?")
_PATH: Final = re.compile(rb"/[!-\"$-~\x80-\xff]*")
_METHOD: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONNECTION_SPECIFIC: Final = frozenset(
    (b"connection", b"proxy-connection", b"keep-alive", b"transfer-encoding", b"upgrade")
)
_REQUEST_PSEUDO: Final = frozenset((b":method", b":scheme", b":path", b":authority"))


def _malformed(reason: str) -> StreamFault:
    return StreamFault(ErrorCode.PROTOCOL_ERROR, reason)


def _check(name: bytes, value: bytes) -> None:
    """A regular field."""
    if not _NAME.fullmatch(name):
        raise _malformed("a field name is not lower-case or no name at all")
    if not _VALUE.fullmatch(value):
        raise _malformed("a field value has control characters, or spaces at its ends")
    if name in _CONNECTION_SPECIFIC or (name == b"te" and value != b"trailers"):
        raise _malformed("a field belongs to connections of HTTP/1.1")


def _split(
    fields: Sequence[RawHeader], allowed: frozenset[bytes]
) -> tuple[dict[bytes, bytes], Sequence[RawHeader]]:
    """Pseudo-header fields, and the others."""
    pseudo: dict[bytes, bytes] = {}
    count = 0
    for name, value in fields:
        if not name.startswith(b":"):
            break
        if name not in allowed or name in pseudo:
            raise _malformed("a pseudo-header field is unknown or there twice")
        pseudo[name] = value
        count += 1
    return pseudo, fields[count:]


def read_request(fields: Sequence[RawHeader], *, ended: bool) -> RequestHead:
    """The head of a request; `ended` tells that no body follows."""
    pseudo, regular = _split(fields, _REQUEST_PSEUDO)
    method, target = pseudo.get(b":method", b""), pseudo.get(b":path", b"")
    if not _METHOD.fullmatch(method):
        raise _malformed("there is no usable :method")
    if method == b"CONNECT":
        raise BadHead(405, "CONNECT is not served here")
    if not pseudo.get(b":scheme") or not (
        _PATH.fullmatch(target) or (target == b"*" and method == b"OPTIONS")
    ):
        raise _malformed("there is no usable :path or :scheme")
    head = RequestHead(method, target, http11=True, keep_alive=True)
    head.fields = _take_apart(head, regular)
    _set_host(head, pseudo.get(b":authority"))
    if head.framing is Framing.NONE and not ended:
        head.framing = Framing.CHUNKED
    if ended and head.content_length:
        raise _malformed("a body was announced, and there is none")
    return head


def _take_apart(head: RequestHead, fields: Iterable[RawHeader]) -> list[RawHeader]:
    kept: list[RawHeader] = []
    cookies: list[bytes] = []
    for field in fields:
        name, value = field
        _check(name, value)
        rule = RULES.get(name)
        if name == b"cookie":
            cookies.append(value)
        elif rule is None:
            kept.append(field)
        elif name == b"te":
            head.takes_trailers = True
        elif rule is not Rule.DROP:
            _apply(head, rule, value)
    if cookies:  # one field again for HTTP/1.1 (section 8.2.3)
        kept.append((b"cookie", b"; ".join(cookies)))
    return kept


def _apply(head: RequestHead, rule: Rule, value: bytes) -> None:
    if rule is Rule.LENGTH and (head.framing is not Framing.NONE or not is_length(value)):
        raise _malformed("content-length is not one number")
    apply_rule(head, rule, value)


def _set_host(head: RequestHead, authority: bytes | None) -> None:
    """:authority, or Host where there is none (section 8.3.1)."""
    if authority is None:
        if head.host is None:
            raise BadHead(400, "the request has neither :authority nor Host")
        return
    own = head.host or authority
    head.host = None
    apply_rule(head, Rule.HOST, authority)
    if own.lower() != authority.lower():
        raise _malformed(":authority and Host differ")


def read_trailers(fields: Sequence[RawHeader]) -> list[RawHeader]:
    for name, value in fields:
        _check(name, value)
    return [field for field in fields if field[0] not in TAKEN_OUT]


def read_status(fields: Sequence[RawHeader]) -> tuple[int, Sequence[RawHeader]]:
    """A response's status and its regular fields, all checked."""
    pseudo, regular = _split(fields, frozenset((b":status",)))
    status = pseudo.get(b":status", b"")
    if len(status) != 3 or not status.isdigit() or status < b"100" or status == b"101":
        raise _malformed("there is no usable :status")
    for name, value in regular:
        _check(name, value)
    return int(status), regular


def read_response(
    method: bytes, status: int, fields: Sequence[RawHeader], *, ended: bool
) -> ResponseHead:
    """The head of a final response; `fields` were checked by `read_status`."""
    length = -1
    kept: list[RawHeader] = []
    for field in fields:
        if field[0] == b"content-length":
            if length >= 0 or not is_length(field[1]):
                raise _malformed("content-length is not one number")
            length = int(field[1])
        elif field[0] not in TAKEN_OUT:
            kept.append(field)
    if has_no_body(method, status):
        if length >= 0 and status != 204:
            kept.append((b"content-length", b"%d" % length))
        return ResponseHead(status, Framing.NONE, -1, kept)
    if ended:
        if length > 0:
            raise _malformed("a body was announced, and there is none")
        length = 0
    framing = Framing.LENGTH if length >= 0 else Framing.CHUNKED
    return ResponseHead(status, framing, length, kept)


def response_fields(head: ResponseHead, added: Sequence[RawHeader]) -> list[RawHeader]:
    """A response's head as HTTP/2 sends it."""
    fields = [(b":status", b"%d" % head.status), *lowered(head.fields), *lowered(added)]
    if head.framing is Framing.LENGTH and head.content_length:
        fields.append((b"content-length", b"%d" % head.content_length))
    return fields


def lowered(fields: Iterable[RawHeader]) -> list[RawHeader]:
    """As HTTP/2 wants names and values of HTTP/1.1."""
    return [(name.lower(), value.strip(b" \t")) for name, value in fields]
