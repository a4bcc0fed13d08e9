"""Every link in every Markdown file leads somewhere in the project."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.*?) *$", re.MULTILINE)
_SKIPPED = {".venv", ".git", "build", "dist", "node_modules", ".pytest_cache"}


def _pages() -> list[Path]:
    return sorted(
        path
        for path in ROOT.rglob("*.md")
        if not _SKIPPED.intersection(path.relative_to(ROOT).parts)
    )


def _links(text: str) -> list[str]:
    return _LINK.findall(_SPAN.sub("", _FENCE.sub("", text)))


def _anchors(path: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = _HEADING.findall(_FENCE.sub("", path.read_text()))
    return {
        re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).replace(" ", "-")
        for heading in headings
    }


@pytest.mark.parametrize("page", _pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_its_links_resolve(page: Path) -> None:
    broken = []
    for link in _links(page.read_text()):
        if "://" in link or link.startswith("mailto:"):
            continue
        name, _, anchor = link.partition("#")
        place = page.parent / name if name else page
        if not place.exists() or (anchor and anchor not in _anchors(place)):
            broken.append(link)
    assert broken == []


def test_every_page_of_the_documentation_is_on_the_map() -> None:
    listed = {
        (ROOT / "docs" / link).resolve() for link in _links((ROOT / "docs/README.md").read_text())
    }
    pages = [*(ROOT / "docs").glob("*.md"), *(ROOT / "docs/reference").glob("*.md")]
    missing = [str(page) for page in pages if page.resolve() not in listed]
    assert missing == [str(ROOT / "docs" / "README.md")]


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("[a](b.md#c) and [d](https://e.org)", ["b.md#c", "https://e.org"]),
        ("`[a](b)`", []),
        ("```\n[a](b)\n```\n", []),
    ],
)
def test_links_are_found(text: str, links: list[str]) -> None:
    assert _links(text) == links
