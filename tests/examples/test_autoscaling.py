"""The story of docs/autoscaling.md, as it runs."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_shows_what_the_example_prints() -> None:
    printed = subprocess.run(
        [sys.executable, "examples/autoscaling/story.py"],
        cwd=ROOT,
        env={"PYTHONPATH": ":".join((str(ROOT), *sys.path))},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    page = (ROOT / "docs" / "autoscaling.md").read_text()
    command = "$ python examples/autoscaling/story.py\n"
    assert page.partition(command)[2].partition("```")[0] == printed
