"""Which file is the model, and what is said when it cannot be loaded."""

import pickle
from pathlib import Path

import joblib
import pytest
from sklearn.svm import SVC

from kfsim.modelserver.loading import LoadFailure, find_model_file, load_model


class NeedsMissingModule:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (__import__, ("no_such_framework",))


@pytest.mark.parametrize("name", ["model.joblib", "model.pkl", "iris.pickle"])
def test_the_one_model_file_is_found(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    (tmp_path / "README.md").touch()
    (tmp_path / "folder.pkl").mkdir()
    assert find_model_file(str(tmp_path)).name == name


def test_several_model_files_are_named(tmp_path: Path) -> None:
    for name in ("a.pkl", "b.joblib"):
        (tmp_path / name).touch()
    with pytest.raises(LoadFailure, match=r"More than one model file.*a\.pkl, b\.joblib"):
        find_model_file(str(tmp_path))


def test_no_model_file_says_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "model.bst").touch()
    with pytest.raises(LoadFailure, match=r"no model file .* found model\.bst; save"):
        find_model_file(str(tmp_path))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(LoadFailure, match="No such file or directory"):
        find_model_file(str(tmp_path / "absent"))


@pytest.mark.parametrize("keep", [0, 1, 0.5, 0.99])
def test_a_truncated_file_is_said_to_be(tmp_path: Path, model_dir: Path, keep: float) -> None:
    whole = (model_dir / "model.joblib").read_bytes()
    (tmp_path / "model.joblib").write_bytes(whole[: int(len(whole) * keep) if keep < 1 else 1])
    with pytest.raises(LoadFailure, match=r"truncated|is empty") as caught:
        load_model(str(tmp_path), allow_pickle=True)
    assert "model.joblib" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_pickles_can_be_refused(model_dir: Path) -> None:
    with pytest.raises(LoadFailure, match="runs code when loaded"):
        load_model(str(model_dir), allow_pickle=False)


def test_a_missing_module_is_named(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(NeedsMissingModule()))
    with pytest.raises(LoadFailure, match=r"Python module 'no_such_framework'.*pip install"):
        load_model(str(tmp_path), allow_pickle=True)


def test_something_without_predict_is_refused(tmp_path: Path) -> None:
    joblib.dump({"weights": [1]}, tmp_path / "model.joblib")
    with pytest.raises(LoadFailure, match="holds a dict, which has no predict"):
        load_model(str(tmp_path), allow_pickle=True)


def repickled(folder: Path, old: bytes) -> None:
    """A model that claims to be pickled by another version of scikit-learn."""
    import sklearn

    content = pickle.dumps(SVC().fit([[0.0], [1.0]], [0, 1]), protocol=2)
    current = sklearn.__version__.encode()
    assert len(old) == len(current)
    assert current in content
    (folder / "model.pkl").write_bytes(content.replace(current, old))


def test_another_version_is_warned_about_with_both_versions(tmp_path: Path) -> None:
    import sklearn

    repickled(tmp_path, b"0.9.9")
    loaded = load_model(str(tmp_path), allow_pickle=True)
    (warning,) = loaded.warnings
    assert "scikit-learn 0.9.9" in warning
    assert f"loaded with {sklearn.__version__}" in warning


def test_a_failure_with_another_version_names_both(tmp_path: Path) -> None:
    import sklearn

    repickled(tmp_path, b"0.9.9")
    path = tmp_path / "model.pkl"
    path.write_bytes(path.read_bytes().replace(b"sklearn.svm._classes", b"sklearn.svm._clashes"))
    with pytest.raises(LoadFailure) as caught:
        load_model(str(tmp_path), allow_pickle=True)
    assert "no_such" not in str(caught.value)
    assert "0.9.9" in str(caught.value)
    assert sklearn.__version__ in str(caught.value)


def test_many_estimators_of_another_version_are_warned_about_once(tmp_path: Path) -> None:
    import sklearn
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), SVC()).fit([[0.0], [1.0]], [0, 1])
    current = sklearn.__version__.encode()
    content = pickle.dumps(model, protocol=2).replace(current, b"0" * len(current))
    (tmp_path / "model.pkl").write_bytes(content)
    assert len(load_model(str(tmp_path), allow_pickle=True).warnings) == 1
