"""Which format a model has, by its file; what is none says what would do."""

from pathlib import Path

import pytest

from kfsim.base.errors import BadRequest, KfsimError, NotFound
from kfsim.cli.model_formats import is_uri, model_name, recognize_path, recognize_uri


def put(folder: Path, *names: str, content: bytes = b"") -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("m.joblib", b"", "sklearn"),
        ("m.PKL", b"", "sklearn"),
        ("m.bst", b"binf", "xgboost"),
        ("m.bst", b"tree\nversion=v4\n", "lightgbm"),
        ("m.ubj", b"{L", "xgboost"),
        ("m.json", b'{"learner": {}}', "xgboost"),
        ("m.onnx", b"", "onnx"),
        ("m.pmml", b"", "pmml"),
        ("m.pt", b"", "pytorch"),
    ],
)
def test_files(tmp_path: Path, name: str, content: bytes, expected: str) -> None:
    assert recognize_path(put(tmp_path, name, content=content) / name) == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("model.joblib", "README.md", ".hidden.pkl"), "sklearn"),
        (("MLmodel", "model.pkl"), "mlflow"),
        (("saved_model.pb", "variables/x"), "tensorflow"),
        (("1/saved_model.pb", "2/saved_model.pb"), "tensorflow"),
        (("config.json", "model.safetensors"), "huggingface"),
        (("net/config.pbtxt", "net/1/model.onnx"), "triton"),
        (("config/config.properties", "model-store/a.mar"), "pytorch"),
    ],
)
def test_folders(tmp_path: Path, names: tuple[str, ...], expected: str) -> None:
    assert recognize_path(put(tmp_path, *names)) == expected


@pytest.mark.parametrize(
    ("names", "given", "message"),
    [
        (("iris.joblib",), "iris.jobllib", r"no model at .*; did you mean .*iris.joblib\?"),
        (("iris.joblib",), "other", r"no model at .*; there is iris.joblib"),
        ((), "gone/m.joblib", r"gone does not exist either"),
        (("m.h5",), "m.h5", r"a Keras file; export it"),
        (("m.json",), "m.json", r"no model that kfsim recognizes by its name .*--format"),
        (("m.gguf",), "m.gguf", r"container of your own"),
        (("x.txt",), "x.txt", r"a LightGBM model is to end in \.bst"),
        (("MLmodel",), "MLmodel", r"serve /"),
        (("a.pkl", "b.onnx"), ".", r"several models.*: a.pkl, b.onnx; give one"),
        (("notes.md",), ".", r"holds no model .*, but notes.md"),
        ((), ".", r"but nothing"),
    ],
)
def test_what_is_no_model(tmp_path: Path, names: tuple[str, ...], given: str, message: str) -> None:
    with pytest.raises(KfsimError, match=message) as caught:
        recognize_path(put(tmp_path, *names) / given)
    assert isinstance(caught.value, NotFound | BadRequest)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("https://x.org/a/model.joblib?token=1", "sklearn"),
        ("gs://bucket/m.onnx", "onnx"),
        ("hf://org/llm", "huggingface"),
    ],
)
def test_uris(uri: str, expected: str) -> None:
    assert is_uri(uri)
    assert recognize_uri(uri) == expected


def test_a_uri_that_tells_nothing_asks_for_the_format() -> None:
    with pytest.raises(BadRequest, match="say it with --format"):
        recognize_uri("s3://bucket/folder/")


@pytest.mark.parametrize(
    ("model", "expected"),
    [("a/b.joblib", "b.joblib"), ("gs://b/dir/", "dir"), ("gs://bucket", "bucket")],
)
def test_names(model: str, expected: str) -> None:
    assert model_name(model) == expected
