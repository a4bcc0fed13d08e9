"""Pieces of Markdown that several pages use."""

from collections.abc import Iterable, Sequence

NOTICE = "<!-- Made from the code by `make docs`; edits belong there. -->"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells may hold Markdown, and their bars are escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_cell(text) for text in line) + " |" for line in lines)


def code(text: str) -> str:
    return f"`{text}`" if text else ""


def page(title: str, *blocks: str) -> str:
    return "\n\n".join([f"# {title}", NOTICE, *filter(None, blocks)]) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
