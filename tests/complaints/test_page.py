"""docs/complaints.md answers every complaint that we know of, and names tests that there are."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "complaints.md"
KNOWN = {
    "A": "kserve#2828 #4560 #1808 #2469 #590 #1112 #621 #2148 #129 #2943 #1815 #2425 "
    "modelmesh#102 manifests#2660 docs#1325 quickstart#246 #104",
    "B": "kserve#2206 python#524 #866 #2119 serving#2144 #2161 #5784 kuberay#3336 "
    "scaffolding#128 kamera#37",
    "C": "kserve#1641 #1247 #898 #963 serving#15191 #9104 #10960 #13459 #7596 #14539 #3153 #9121 "
    "#15000 #13208 #13211 #15450 #9888 #2988 #3700 #14202 ray#12289 #60738 vllm#41893 nim#890",
    "D": "kserve#2280 #4454 #5113 #829 #3303 #1143 #786 #870 #1419 #668 #2372 #4464 #2109 #4298 "
    "#3102 #1033 #235 #1065 modelmesh#338 kserve#4397",
    "E": "kserve#849 #1060 #999 #929 #1764 #2990 #1914 #280 #1741 #2529 #3869 #4918",
    "F": "kserve#734 #1880 #2596 #2650 website#355 kserve#2169 #3766 manifests#2575 #2811 "
    "kserve#2130 #2097 #2040 #1672 #619 #2799 #4172 #4921",
}


def numbers(text: str) -> list[str]:
    """`kserve#1, #2` to kserve#1 and kserve#2."""
    repository, found = "", []
    for name, number in re.findall(r"([a-z]*)#(\d+)", text):
        repository = name or repository
        found.append(f"{repository}#{number}")
    return found


def rows() -> Iterator[tuple[str, list[str]]]:
    """Theme and cells of each row of the page's tables."""
    theme = ""
    for line in PAGE.read_text().splitlines():
        if line.startswith("## "):
            theme = line[3:4] if line[4:5] == "." else ""
        elif theme and line.startswith("| ") and not line.startswith("| complaint"):
            yield theme, [cell.strip() for cell in line.strip("|").split(" | ")]


@cache
def functions_of(path: Path) -> frozenset[str]:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(
        each.name for each in ast.parse(path.read_text()).body if isinstance(each, functions)
    )


@pytest.mark.parametrize("theme", KNOWN)
def test_every_complaint_has_one_row(theme: str) -> None:
    answered = [number for place, cells in rows() if place == theme for number in numbers(cells[0])]
    assert sorted(answered) == sorted(numbers(KNOWN[theme]))


def test_every_row_has_an_answer_and_names_tests_that_there_are() -> None:
    for _, (complaint, answer, named) in rows():
        assert answer
        for test in named.split(", "):
            path, _, name = test.partition("::")
            assert name in functions_of(TESTS / path), f"{complaint}: {test}"


def test_a_test_that_carries_a_number_is_in_that_numbers_row() -> None:
    shown: dict[str, list[str]] = {}
    for _, cells in rows():
        for test in cells[2].split(", "):
            shown.setdefault(test, []).extend(numbers(cells[0]))
    for path in sorted(Path(__file__).parent.glob("test_theme_*.py")):
        for name in functions_of(path):
            if name.startswith("test_"):
                _, repository, number, *_ = name.split("_")
                row = shown.get(f"complaints/{path.name}::{name}", [])
                assert f"{repository}#{number}" in row, name


def test_what_is_not_answered_is_among_the_complaints() -> None:
    _, _, missing = PAGE.read_text().partition("## Not answered yet")
    known = {number for text in KNOWN.values() for number in numbers(text)}
    assert numbers(missing)
    assert set(numbers(missing)) <= known
