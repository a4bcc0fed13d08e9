"""storageUri to a folder."""

from pathlib import Path

import pytest

from kfsim.backends.storage import StorageFailure, locate_model


@pytest.fixture
def claims(tmp_path: Path) -> Path:
    folder = tmp_path / "claims" / "data" / "iris"
    folder.mkdir(parents=True)
    (folder / "model.joblib").touch()
    return tmp_path / "claims"


def locate(uri: str, claims: Path) -> Path:
    return locate_model(uri, claims=claims, view=claims.parent / "view")


@pytest.mark.parametrize("form", ["{}", "file://{}", "file://localhost{}"])
def test_folders_are_used_where_they_are(claims: Path, form: str) -> None:
    folder = claims / "data" / "iris"
    assert locate(form.format(folder), claims) == folder


def test_claims_are_folders(claims: Path) -> None:
    assert locate("pvc://data/iris", claims) == claims / "data" / "iris"
    assert locate("pvc://data", claims) == claims / "data"


def test_a_single_file_gets_a_folder_with_a_link(claims: Path) -> None:
    file = claims / "data" / "iris" / "model.joblib"
    view = locate(f"file://{file}", claims)
    assert [each.resolve() for each in view.iterdir()] == [file]


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("s3://bucket/x", "s3:// is not supported yet; what works now: file:///"),
        ("model", "must be an absolute path"),
        ("file://relative/x", "three slashes"),
        ("pvc://other/x", '"other" not found; a claim is the folder'),
        ("pvc://data/../../x", "leaves its claim"),
        ("pvc://data/irsi", "holds iris"),
    ],
)
def test_failures_name_the_mend(claims: Path, uri: str, words: str) -> None:
    with pytest.raises(StorageFailure) as caught:
        locate(uri, claims)
    assert words in str(caught.value)
    assert uri in str(caught.value)


def test_an_empty_tree_is_a_failure(claims: Path) -> None:
    (claims / "empty" / "below").mkdir(parents=True)
    with pytest.raises(StorageFailure, match="holds no files"):
        locate("pvc://empty", claims)
