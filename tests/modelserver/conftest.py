"""A tiny real model, and a server for it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import joblib
import pytest
from sklearn.datasets import load_iris
from sklearn.svm import SVC

from tests.modelserver.support import running_server


@pytest.fixture(scope="session")
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("iris")
    flowers, kinds = load_iris(return_X_y=True)
    joblib.dump(SVC(gamma="scale").fit(flowers, kinds), folder / "model.joblib")
    return folder


@pytest.fixture(scope="module")
def port(model_dir: Path) -> Iterator[int]:
    with running_server(model_dir) as (port, _process):
        yield port


@pytest.fixture
def server(model_dir: Path) -> "Iterator[tuple[int, subprocess.Popen[bytes]]]":
    """A server that the test may break."""
    with running_server(model_dir) as running:
        yield running
