"""Numbers and booleans as Go reads them."""

from collections.abc import Callable

import pytest

from kfsim.autoscaler.parsing import parse_boolean, parse_integer, parse_number


@pytest.mark.parametrize(
    ("parse", "text", "expected"),
    [
        (parse_integer, "+7", 7),
        (parse_integer, "-2147483648", -(2**31)),
        (parse_number, "33.3", 33.3),
        (parse_number, ".5e1", 5.0),
        (parse_boolean, "T", True),
        (parse_boolean, "0", False),
    ],
)
def test_accepted(parse: Callable[[str], object], text: str, expected: object) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parse_integer, ""),
        (parse_integer, "1.0"),
        (parse_integer, "1_000"),
        (parse_integer, "2147483648"),
        (parse_integer, "٣"),
        (parse_number, " 1"),
        (parse_number, "nan"),
        (parse_number, "inf"),
        (parse_number, "1e999"),
        (parse_number, "ten"),
        (parse_boolean, "yes"),
        (parse_boolean, ""),
    ],
)
def test_refused(parse: Callable[[str], object], text: str) -> None:
    with pytest.raises(ValueError, match="is n"):
        parse(text)
