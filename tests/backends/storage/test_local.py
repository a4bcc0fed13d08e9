"""storageUri to a folder or file of this host."""

from pathlib import Path

import pytest

from kfsim.backends.storage.failures import StorageFailure
from kfsim.backends.storage.local import find_packed, locate_model


@pytest.fixture
def claims(tmp_path: Path) -> Path:
    folder = tmp_path / "claims" / "data" / "iris"
    folder.mkdir(parents=True)
    (folder / "model.joblib").touch()
    return tmp_path / "claims"


def locate(uri: str, claims: Path) -> Path:
    return locate_model(uri, claims=claims)


@pytest.mark.parametrize("form", ["{}", "file://{}", "file://localhost{}"])
def test_folders_are_used_where_they_are(claims: Path, form: str) -> None:
    folder = claims / "data" / "iris"
    assert locate(form.format(folder), claims) == folder


def test_claims_are_folders(claims: Path) -> None:
    assert locate("pvc://data/iris", claims) == claims / "data" / "iris"
    assert locate("pvc://data", claims) == claims / "data"


def test_a_single_file_is_the_model(claims: Path) -> None:
    file = claims / "data" / "iris" / "model.joblib"
    assert locate(f"file://{file}", claims) == file


@pytest.mark.parametrize(
    ("names", "packed"),
    [
        (("model.tar.gz",), "model.tar.gz"),
        (("model.zip", ".hidden"), "model.zip"),
        (("model.zip", "README"), None),
        (("model.joblib",), None),
        (("model.joblib.gz",), None),
    ],
)
def test_a_source_is_packed_when_it_is_one_archive(
    tmp_path: Path, names: tuple[str, ...], packed: str | None
) -> None:
    for name in names:
        (tmp_path / name).touch()
    assert find_packed(tmp_path) == (tmp_path / packed if packed else None)


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("s3://bucket/x", "s3:// is not supported yet; what works now: http(s)://"),
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
