"""What the gateway itself says to gRPC clients, and the deadlines that they ask for.

A gRPC client looks at grpc-status, and takes an HTTP status for an accident. Statuses by the gRPC
project's doc/http-grpc-status-mapping.md, but for the two that the gateway knows better: an unknown
host is UNIMPLEMENTED there as well, and its own timeouts are DEADLINE_EXCEEDED. The form is a
trailers-only response, the timeout's is `grpc-timeout` (doc/PROTOCOL-HTTP2.md).
"""

from typing import Final
from urllib.parse import quote

from kfsim.dataplane.answers import Answer
from kfsim.dataplane.heads import RawHeader
from kfsim.dataplane.requests import RequestHead

UNKNOWN: Final = 2
DEADLINE_EXCEEDED: Final = 4
UNIMPLEMENTED: Final = 12
INTERNAL: Final = 13
UNAVAILABLE: Final = 14
_STATUSES: Final = {
    400: INTERNAL, 401: 16, 403: 7, 404: UNIMPLEMENTED, 408: DEADLINE_EXCEEDED, 429: UNAVAILABLE,
    501: UNIMPLEMENTED, 502: UNAVAILABLE, 503: UNAVAILABLE, 504: DEADLINE_EXCEEDED,
}  # fmt: skip
_UNITS: Final = {
    b"H": 3600.0, b"M": 60.0, b"S": 1.0, b"m": 1e-3, b"u": 1e-6, b"n": 1e-9,
}  # fmt: skip
_MOST_TEXT: Final = 1024


def is_grpc(head: RequestHead) -> bool:
    """Whether the answer is read by a gRPC client (gRPC-Web has its own form of trailers)."""
    for name, value in head.fields:
        if name == b"content-type":
            return value.startswith(b"application/grpc") and not value.startswith(
                b"application/grpc-web"
            )
    return False


def timeout_of(head: RequestHead) -> float:
    """Seconds from `grpc-timeout`; 0 for none, or one that means nothing."""
    for name, value in head.fields:
        if name == b"grpc-timeout":
            digits, unit = value[:-1], _UNITS.get(value[-1:])
            known = unit is not None and digits.isdigit() and len(digits) <= 8
            return int(digits) * (unit or 0.0) if known else 0.0
    return 0.0


def status_fields(answer: Answer) -> list[RawHeader]:
    """The head of a trailers-only response."""
    status = _STATUSES.get(answer.status, UNKNOWN)
    text = quote(answer.text.strip()[:_MOST_TEXT], safe=" !\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~")
    return [
        (b":status", b"200"),
        (b"content-type", b"application/grpc"),
        (b"grpc-status", b"%d" % status),
        (b"grpc-message", text.encode()),
    ]
