"""The messages of grpc.health.v1, which have one field each and are written and read by hand:

message HealthCheckRequest  { string service = 1; }
message HealthCheckResponse { ServingStatus status = 1; }
"""

SERVING = 1
_STATUSES = ("UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN")


def make_request(service: str) -> bytes:
    """A HealthCheckRequest; proto3 leaves an empty string out."""
    name = service.encode()
    return b"\x0a" + _make_varint(len(name)) + name if name else b""


def name_status(status: int) -> str:
    """The name of a ServingStatus."""
    return _STATUSES[status] if status < len(_STATUSES) else str(status)


def parse_status(message: bytes) -> int:
    """The status of a HealthCheckResponse; a zero (UNKNOWN) is left out. Raises ValueError."""
    status, at = 0, 0
    while at < len(message):
        key, at = _parse_varint(message, at)
        kind = key & 7
        if kind == 0:  # a varint
            value, at = _parse_varint(message, at)
            status = value if key >> 3 == 1 else status
        elif kind == 2:  # bytes after their length
            length, at = _parse_varint(message, at)
            at += length
        elif kind in (1, 5):  # 64 and 32 bits
            at += 8 if kind == 1 else 4
        else:
            raise ValueError(f"the health response has a field of the unknown kind {kind}")
    if at > len(message):
        raise ValueError("the health response is cut off")
    return status


def _make_varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _parse_varint(message: bytes, at: int) -> tuple[int, int]:
    number = 0
    for shift in range(0, 70, 7):  # at most ten bytes
        if at >= len(message):
            raise ValueError("the health response is cut off")
        byte = message[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if not byte & 0x80:
            break
    return number, at
