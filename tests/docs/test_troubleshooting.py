"""Every message that docs/troubleshooting.md quotes is one that kfsim prints."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "troubleshooting.md"
_VARYING = "\0"  # what an f-string fills in


def _quoted() -> list[str]:
    """The code spans of the tables' first column."""
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    return [span for row in rows for span in re.findall(r"`([^`]+)`", row.split(" | ")[0])]


@cache
def _messages() -> tuple[str, ...]:
    return tuple(
        text
        for path in sorted((ROOT / "kfsim").rglob("*.py"))
        for text in _texts(ast.parse(path.read_text()))
    )


def _texts(tree: ast.AST) -> Iterator[str]:
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if id(node) in documentation:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else _VARYING
                for part in node.values
            )


def _is_printed(quote: str, message: str) -> bool:
    """Whether the quote's words stand in one message in this order."""
    place = 0
    for piece in filter(None, (each.strip() for each in quote.split("…"))):
        place = message.find(piece, place)
        if place < 0:
            return False
        place += len(piece)
    return True


@pytest.mark.parametrize("quote", _quoted())
def test_the_message_is_one_of_the_code(quote: str) -> None:
    assert any(_is_printed(quote, message) for message in _messages())


def test_the_page_quotes_and_a_made_up_message_is_found_out() -> None:
    assert len(_quoted()) > 40
    assert not any(_is_printed("no … such message is printed", each) for each in _messages())
