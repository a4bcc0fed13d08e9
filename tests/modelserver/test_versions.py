"""Versions are read from pickles as they are written by each protocol and compression, and no
opcode of them runs."""

import pickle
from pathlib import Path

import joblib
import numpy
import pytest
import sklearn
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from kfsim.modelserver.versions import distribution_of, installed_version, read_sklearn_version

ROWS = numpy.random.default_rng(0).normal(size=(200, 30))
LABELS = [row % 2 for row in range(200)]


@pytest.mark.parametrize("protocol", [0, 2, 3, 4, 5])
def test_each_protocol_of_pickle(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(SVC(), protocol=protocol))
    assert read_sklearn_version(path) == sklearn.__version__


@pytest.mark.parametrize("compress", [0, ("gzip", 3), ("zlib", 3), ("bz2", 3), ("xz", 3)])
def test_joblib_with_arrays_between_the_opcodes(tmp_path: Path, compress: object) -> None:
    model = make_pipeline(StandardScaler(), RandomForestClassifier(3)).fit(ROWS, LABELS)
    path = tmp_path / "model.joblib"
    joblib.dump({"rows": ROWS, "model": model}, path, compress=compress)
    assert read_sklearn_version(path) == sklearn.__version__


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps({"weights": [1]}),
        pickle.dumps("_sklearn_version"),
        pickle.dumps({"_sklearn_version": 3}),
        b"_sklearn_version",
        b"\x1f\x8bcut off",
        b"",
    ],
    ids=["no-estimator", "only-the-word", "no-string", "no-pickle", "damaged", "empty"],
)
def test_a_file_that_does_not_tell(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(content)
    assert read_sklearn_version(path) == ""


def test_a_file_that_is_not_there_does_not_tell(tmp_path: Path) -> None:
    assert read_sklearn_version(tmp_path / "absent.pkl") == ""


def test_nothing_of_the_file_runs(tmp_path: Path) -> None:
    witness = tmp_path / "ran"

    class Writes:
        def __reduce__(self) -> tuple[object, tuple[str, str]]:
            return (open, (str(witness), "w"))

    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps([Writes(), SVC()]))
    assert read_sklearn_version(path) == sklearn.__version__
    assert not witness.exists()


def test_what_to_install_for_a_module() -> None:
    assert distribution_of("sklearn.svm._classes") == "scikit-learn"
    assert distribution_of("xgboost.sklearn") == "xgboost"
    assert installed_version("scikit-learn") == sklearn.__version__
    assert installed_version("no-such-distribution") == ""
