"""Numbers and booleans as Go's strconv reads them from ConfigMaps and annotations.

Python's own conversions are more generous (spaces, underscores, other scripts' digits); what a
cluster refuses is refused here. NaN and infinities, which Go accepts, are refused as well: no
setting has a use for them, and comparisons with NaN would let any value through the checks.
"""

import re

_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})

INT32_MAX = 2**31 - 1


def parse_integer(text: str) -> int:
    """A whole number within 32 bits; raises ValueError."""
    if _INTEGER.fullmatch(text) is None or not -INT32_MAX - 1 <= int(text) <= INT32_MAX:
        raise ValueError(f"{text!r} is not a whole number within 32 bits")
    return int(text)


def parse_number(text: str) -> float:
    """A finite number; raises ValueError."""
    if _NUMBER.fullmatch(text) is None or (value := float(text)) in (float("inf"), -float("inf")):
        raise ValueError(f"{text!r} is not a number")
    return value


def parse_boolean(text: str) -> bool:
    """True or False in one of Go's spellings; raises ValueError."""
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError(f"{text!r} is neither true nor false")
