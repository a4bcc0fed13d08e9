"""Fixtures shared by all backends' tests."""

from pathlib import Path

import joblib
import pytest
from sklearn.datasets import load_iris
from sklearn.svm import SVC


@pytest.fixture(scope="session")
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model trained on the iris data."""
    folder = tmp_path_factory.mktemp("models") / "iris"
    folder.mkdir()  # unlike its parent, readable by whatever user a container runs as
    flowers, kinds = load_iris(return_X_y=True)
    joblib.dump(SVC(gamma="scale").fit(flowers, kinds), folder / "model.joblib")
    return folder
