"""Failures of real pickles, told with what is missing or differs here."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy
import pytest

from kfsim.modelserver.loading import LoadFailure, load_model


def test_a_module_that_only_another_version_has_names_the_installed_one(tmp_path: Path) -> None:
    content = pickle.dumps(numpy.arange(3), protocol=2)
    assert b"numpy._core.multiarray" in content
    (tmp_path / "model.pkl").write_bytes(
        content.replace(b"numpy._core.multiarray", b"numpy._corf.multiarray")
    )
    with pytest.raises(LoadFailure, match=r"another version of numpy.*'numpy._corf'") as caught:
        load_model(str(tmp_path), allow_pickle=True)
    assert f"numpy {numpy.__version__} has not" in str(caught.value)


def test_a_class_of_the_training_script_is_said_to_be_one(tmp_path: Path) -> None:
    script = (
        "import pickle, sys\n"
        "class Doubler:\n    def predict(self, rows): return rows\n"
        "pickle.dump(Doubler(), open(sys.argv[1], 'wb'))\n"
    )
    path = tmp_path / "model.pkl"
    subprocess.run([sys.executable, "-c", script, str(path)], check=True)
    with pytest.raises(LoadFailure, match=r"'Doubler' was defined in the script that saved it"):
        load_model(str(tmp_path), allow_pickle=True)


def test_a_framework_that_is_not_here_is_named_by_what_to_install(tmp_path: Path) -> None:
    content = pickle.dumps(numpy.arange(3), protocol=2)
    (tmp_path / "model.pkl").write_bytes(content.replace(b"numpy.", b"cv2zz.", 1))
    with pytest.raises(LoadFailure, match=r"Python module 'cv2zz'.*pip install cv2zz"):
        load_model(str(tmp_path), allow_pickle=True)
