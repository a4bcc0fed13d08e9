"""Every example does what its README says: its commands are run as they stand there."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.examples.readme import Step, read_file

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
# Told by another test: a program whose whole output stands on a page.
_WITHOUT_COMMANDS = {"autoscaling"}
_LAUNCHER = '#!/bin/sh\nexec "{python}" -m kfsim "$@"\n'


@dataclass(frozen=True, slots=True)
class Shell:
    """A user's shell in the project's root; kfsim's ports and state are the test's own."""

    folder: Path

    def run(self, command: str) -> "subprocess.CompletedProcess[str]":
        environment = {
            **{key: text for key, text in os.environ.items() if not key.startswith("KFSIM_")},
            "KFSIM_STATE_DIR": str(self.folder / "state"),
            "PATH": f"{self.folder}/bin:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "200",
        }
        return subprocess.run(
            ["bash", "-c", command],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=150,
        )


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    launcher = tmp_path / "bin" / "kfsim"
    launcher.parent.mkdir()
    launcher.write_text(_LAUNCHER.format(python=sys.executable))
    launcher.chmod(0o755)
    shell = Shell(tmp_path)
    try:
        yield shell
    finally:
        shell.run("kfsim down --purge")


@pytest.mark.parametrize(
    "example",
    sorted(
        path.parent.name
        for path in EXAMPLES.glob("*/README.md")
        if path.parent.name not in _WITHOUT_COMMANDS
    ),
)
def test_the_readme_of(example: str, shell: Shell) -> None:
    steps = read_file(EXAMPLES / example / "README.md")
    assert steps
    for step in steps:
        _take(step, shell)


def _take(step: Step, shell: Shell) -> None:
    done = shell.run(step.command)
    shown = f"$ {step.command}\n{done.stdout}"
    assert done.returncode == 0, f"exit code {done.returncode}\n{shown}"
    missing = step.missing(done.stdout)
    assert missing is None, f"the README says {missing!r}\n{shown}"


def test_every_example_is_listed() -> None:
    listed = (ROOT / "README.md").read_text()
    for path in EXAMPLES.glob("*/README.md"):
        assert f"examples/{path.parent.name}/README.md" in listed
