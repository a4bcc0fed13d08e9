"""Kubernetes resource quantities (`500m`, `2Gi`, `1e3`) and Go durations (`1m30s`).

Grammar from apimachinery's pkg/api/resource/quantity.go and Go's time.ParseDuration.
"""

import re
from decimal import Decimal

_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50, "Ei": 2**60}
_DECIMAL = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "T": Decimal(10**12),
    "P": Decimal(10**15),
    "E": Decimal(10**18),
}
_QUANTITY = re.compile(
    r"(?P<number>[+-]?(?:\d+\.?\d*|\.\d+))(?:(?P<exponent>[eE][+-]?\d+)|(?P<suffix>[A-Za-z]{0,2}))"
)
_DURATION_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)")
_DURATION_UNITS = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
}


def parse_quantity(text: str | int | float) -> Decimal:
    """The exact value of a quantity; raises ValueError naming the text when malformed."""
    if isinstance(text, int | float) and not isinstance(text, bool):
        return Decimal(str(text))
    match = _QUANTITY.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(
            f"{text!r} is not a quantity; expected a number with an optional suffix such as "
            "500m, 2, 1.5Gi"
        )
    number = Decimal(match["number"])
    if match["exponent"] is not None:
        return number.scaleb(int(match["exponent"][1:]))
    suffix = match["suffix"]
    if suffix in _BINARY:
        return number * _BINARY[suffix]
    if suffix in _DECIMAL:
        return number * _DECIMAL[suffix]
    raise ValueError(
        f"{text!r} has the unknown suffix {suffix!r}; known are m, k, M, G, Ki, Mi, Gi"
    )


def parse_duration(text: str) -> float:
    """Seconds of a Go duration; raises ValueError naming the text when malformed."""
    rest = text.removeprefix("-").removeprefix("+")
    if rest == "0":
        return 0.0
    position, seconds = 0, 0.0
    while position < len(rest):
        match = _DURATION_PART.match(rest, position)
        if match is None:
            break
        seconds += float(match[1]) * _DURATION_UNITS[match[2]]
        position = match.end()
    if not rest or position != len(rest):
        raise ValueError(f"{text!r} is not a duration; expected one such as 30s, 1m30s, 500ms")
    return -seconds if text.startswith("-") else seconds


def format_duration(seconds: float) -> str:
    """A Go duration text: 90 becomes `1m30s`, 0.25 becomes `250ms`."""
    if seconds < 0:
        return "-" + format_duration(-seconds)
    if 0 < seconds < 1:
        return f"{seconds * 1000:g}ms"
    whole = int(seconds)
    fraction = seconds - whole
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    tail = f"{left + fraction:g}s"
    if hours:
        return f"{hours}h{minutes}m{tail}"
    return f"{minutes}m{tail}" if minutes else tail
