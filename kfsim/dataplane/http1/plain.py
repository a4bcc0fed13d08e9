"""Plain heads, which one regular expression reads: what most clients and replicas send.

A head is plain when every byte of it is where RFC 9112 wants it and nothing in it needs thought:
HTTP/1.1, an origin-form target, CRLF line ends, no folded lines, and of the headers that frame or
route a message only Host, Content-Length, `Connection: keep-alive` and the forwarding ones. This is
less than llhttp accepts; everything else is left to it.
"""

import re
from typing import Final

from kfsim.dataplane.heads import BadHead, Framing, is_length
from kfsim.dataplane.requests import RULES, RequestHead, Rule, apply_rule
from kfsim.dataplane.responses import TAKEN_OUT, ResponseHead, has_no_body

# Looked up once: a member of an enumeration costs more than most of what is done with it.
_WITH_LENGTH: Final = Framing.LENGTH
_CHUNKED: Final = Framing.CHUNKED
_CONNECTION: Final = Rule.CONNECTION

# RFC 9110 5.6.2 (token) and 5.5 (field values, bytes above 0x7f included).
_FIELDS: Final = rb"((?:[!#$%&'*+\-.^_`|~0-9A-Za-z]++:[\t -~\x80-\xff]*+\r\n)++)\r\n"
_REQUEST: Final = re.compile(
    rb"(GET|HEAD|POST|PUT|DELETE|PATCH|OPTIONS) (/[!-\"$-~]*+) HTTP/1\.1\r\n" + _FIELDS
)
_RESPONSE: Final = re.compile(rb"HTTP/1\.1 ([2-5][0-9][0-9]) [\t -~\x80-\xff]*+\r\n" + _FIELDS)
_EASY: Final = frozenset(
    (Rule.HOST, Rule.LENGTH, Rule.FORWARDED_FOR, Rule.FORWARDED, Rule.REQUEST_ID)
)


def read_plain_request(data: bytes, *, most_headers: int) -> tuple[RequestHead, int] | None:
    """The head that the data begins with and its length, when it is plain; None says nothing."""
    found = _REQUEST.match(data)
    if found is None:
        return None
    method, target, block = found.groups()
    fields = block[:-2].split(b"\r\n")
    if len(fields) > most_headers:
        return None
    head = RequestHead(method, target, http11=True, keep_alive=True)
    try:
        lines = _keep_lines(head, fields)
    except BadHead:
        return None
    if lines is None or head.host is None:
        return None
    lines.append(b"")
    head.lines = b"\r\n".join(lines)
    return head, found.end()


def _keep_lines(head: RequestHead, fields: list[bytes]) -> list[bytes] | None:
    """The lines to forward; what the others say is noted in the head. None when it is not plain."""
    lines: list[bytes] = []
    for line in fields:
        colon = line.find(b":")
        rule = RULES.get(line[:colon].lower())
        if rule is None:
            lines.append(line)
        elif rule in _EASY:
            apply_rule(head, rule, line[colon + 1 :].strip(b" \t"))
        elif rule is not _CONNECTION or line[colon + 1 :].strip(b" \t").lower() != b"keep-alive":
            return None
    return lines


def read_plain_response(method: bytes, data: bytes) -> tuple[ResponseHead, int] | None:
    """A final response that is all of the data, and its head's length; None says nothing."""
    found = _RESPONSE.match(data)
    if found is None:
        return None
    status, block = found.groups()
    content_length = b""
    lines: list[bytes] = []
    for line in block[:-2].split(b"\r\n"):
        colon = line.find(b":")
        name = line[:colon].lower()
        if name not in TAKEN_OUT:
            lines.append(line)
        elif name == b"content-length" and not content_length:
            content_length = line[colon + 1 :].strip(b" \t")
        elif name != b"connection" or line[colon + 1 :].strip(b" \t").lower() != b"keep-alive":
            return None
    if not is_length(content_length) or found.end() + int(content_length) != len(data):
        return None
    code = int(status)
    if has_no_body(method, code):
        return None
    lines.append(b"")
    made = b"\r\n".join(lines)
    return ResponseHead(code, _WITH_LENGTH, int(content_length), None, made), found.end()


def has_whole_body(head: RequestHead, length: int, data: bytes) -> bool:
    """Whether the data is the head of this length and its body, and nothing more."""
    return head.framing is not _CHUNKED and length + head.content_length == len(data)
