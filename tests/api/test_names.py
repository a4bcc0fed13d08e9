"""Child names stay within 63 characters."""

import pytest

from kfsim.api.names import child_name


@pytest.mark.parametrize(
    ("parent", "suffix", "expected"),
    [
        pytest.param("iris", "-00001", "iris-00001", id="short"),
        pytest.param("a" * 57, "-00001", "a" * 57 + "-00001", id="fits-exactly"),
        pytest.param(
            "a" * 60,
            "-deployment",
            "a" * 20 + "cc7ed669cf88f201c3297c6a91e1d18d" + "-deployment",
            id="hashed",
        ),
    ],
)
def test_child_names(parent: str, suffix: str, expected: str) -> None:
    assert child_name(parent, suffix) == expected
    assert len(expected) <= 63


def test_a_very_long_suffix_is_hashed_with_the_parent() -> None:
    name = child_name("a" * 40, "-" + "b" * 50)
    assert len(name) == 63
    assert name != child_name("a" * 40, "-" + "b" * 51)
