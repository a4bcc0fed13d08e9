"""A shell and the model that most examples serve."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.examples.shell import ROOT, TRAINING, Shell, make_shell


@pytest.fixture(scope="session")
def model() -> None:
    """Trained once: the program writes the same model each time."""
    subprocess.run([sys.executable, *TRAINING.split()[1:]], cwd=ROOT, check=True)


@pytest.fixture
def shell(model: None, tmp_path: Path) -> Iterator[Shell]:
    yield from make_shell(tmp_path)
