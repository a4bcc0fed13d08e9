"""Write the reference pages, or check that they are what would be written."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from docs.generate.cli import render_cli
from docs.generate.configuration import render_configuration
from docs.generate.fields import render_fields
from docs.generate.metrics import render_metrics
from docs.generate.resources import render_resources

FOLDER = Path(__file__).parent.parent / "reference"
PAGES: Mapping[str, Callable[[], str]] = {
    "cli.md": render_cli,
    "configuration.md": render_configuration,
    "fields.md": render_fields,
    "metrics.md": render_metrics,
    "resources.md": render_resources,
}


def main(arguments: list[str]) -> int:
    """Exit code 0 done, 1 drifted, 2 wrong usage."""
    if arguments not in ([], ["--check"]):
        print("usage: python -m docs.generate [--check]", file=sys.stderr)
        return 2
    pages = {FOLDER / name: render() for name, render in PAGES.items()}
    if not arguments:
        FOLDER.mkdir(exist_ok=True)
        for path, text in pages.items():
            path.write_text(text, encoding="utf-8")
        return 0
    drifted = [path for path, text in pages.items() if _read(path) != text]
    for path in drifted:
        print(
            f"docs/reference/{path.name} is not what the code says; run `make docs`",
            file=sys.stderr,
        )
    return 1 if drifted else 0


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
