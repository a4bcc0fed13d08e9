"""gRPC's status codes, with the names that Go prints (google.golang.org/grpc/codes)."""

from enum import IntEnum


class Code(IntEnum):
    """The number that `grpc-status` carries."""

    OK = 0
    CANCELED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


# An answer that is not gRPC's: the HTTP status decides (gRPC's http-grpc-status-mapping.md).
_OF_HTTP = {
    400: Code.INTERNAL,
    401: Code.UNAUTHENTICATED,
    403: Code.PERMISSION_DENIED,
    404: Code.UNIMPLEMENTED,
    429: Code.UNAVAILABLE,
    502: Code.UNAVAILABLE,
    503: Code.UNAVAILABLE,
    504: Code.UNAVAILABLE,
}


def name_code(code: int) -> str:
    """DeadlineExceeded, Unavailable, …; Code(99) for one that gRPC does not know."""
    try:
        known = Code(code)
    except ValueError:
        return f"Code({code})"
    return "OK" if known is Code.OK else known.name.replace("_", " ").title().replace(" ", "")


def code_of_http(status: int) -> Code:
    """The code of a call that was answered with an HTTP status and no gRPC status."""
    return _OF_HTTP.get(status, Code.UNKNOWN)
