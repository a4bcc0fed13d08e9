"""A user's shell, for tests that do what a README says."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TRAINING = "python examples/sklearn-iris/train.py"
_LAUNCHER = '#!/bin/sh\nexec "{python}" -m kfsim "$@"\n'


@dataclass(frozen=True, slots=True)
class Shell:
    """In the project's root; kfsim's ports, state and cache are the test's own."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            **{key: text for key, text in os.environ.items() if not key.startswith("KFSIM_")},
            "KFSIM_STATE_DIR": str(self.folder / "state"),
            "KFSIM_CACHE_DIR": str(self.folder / "cache"),
            "PATH": f"{self.folder}/bin:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "200",
        }

    def run(self, command: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["bash", "-c", command],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=150,
        )


def make_shell(folder: Path) -> Iterator[Shell]:
    """With a `kfsim` of this source tree; what it started is stopped at the end."""
    launcher = folder / "bin" / "kfsim"
    launcher.parent.mkdir()
    launcher.write_text(_LAUNCHER.format(python=sys.executable))
    launcher.chmod(0o755)
    shell = Shell(folder)
    try:
        yield shell
    finally:
        shell.run("kfsim down --purge")
