"""Which of KServe's model formats a file or folder is, by its name and its first bytes.

The names are those of the supportedModelFormats of KServe's own runtimes. What none of them serves
is an error that says what would.
"""

import difflib
import os
import re
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from kfsim.base.errors import BadRequest, NotFound

_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*)://")
_SUFFIXES: Final = {
    ".joblib": "sklearn",
    ".pkl": "sklearn",
    ".pickle": "sklearn",
    ".bst": "xgboost",
    ".ubj": "xgboost",
    ".json": "xgboost",
    ".onnx": "onnx",
    ".pmml": "pmml",
    ".pt": "pytorch",
    ".pth": "pytorch",
    ".mar": "pytorch",
    ".plan": "tensorrt",
    ".pdmodel": "paddle",
}
_OTHERWISE: Final = {
    ".h5": "a Keras file; export it (model.export('FOLDER')) and serve the SavedModel folder",
    ".keras": "a Keras file; export it (model.export('FOLDER')) and serve the SavedModel folder",
    ".pb": "one file of a TensorFlow SavedModel; serve the folder that holds saved_model.pb",
    ".safetensors": "weights alone; serve the folder that holds config.json too",
    ".gguf": "for llama.cpp, which none of KServe's runtimes is; write an InferenceService with a "
    "container of your own",
    ".txt": "a format that no runtime knows by this name; a LightGBM model is to end in .bst",
}
_SNIFFED_BYTES: Final = 4096
_WEIGHTS: Final = (".safetensors", ".bin")


def is_uri(model: str) -> bool:
    return _SCHEME.match(model) is not None


def model_name(model: str) -> str:
    """The last word of a path or URI."""
    path = unquote(urlsplit(model).path) if is_uri(model) else os.path.realpath(model)
    return os.path.basename(path.rstrip("/")) or urlsplit(model).netloc


def recognize_uri(uri: str) -> str:
    """The format that a URI's end tells. Raises BadRequest for one that does not tell it."""
    if uri.startswith("hf://"):
        return "huggingface"
    suffix = os.path.splitext(model_name(uri))[1].lower()
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix]
    raise BadRequest(
        f"{uri} does not tell what kind of model it is, and is not fetched to find out; say it "
        "with --format, for example --format sklearn"
    )


def recognize_path(path: Path) -> str:
    """The format of a file or folder on this host. Raises NotFound and BadRequest."""
    if path.is_dir():
        return _recognize_folder(path)
    if path.is_file():
        return _recognize_file(path)
    raise NotFound(f"there is no model at {path}{_near(path)}")


def _recognize_file(path: Path) -> str:
    suffix = path.suffix.lower()
    if path.name == "MLmodel":
        raise BadRequest(f"{path} is the description of an MLflow model; serve {path.parent}")
    if suffix in _OTHERWISE:
        raise BadRequest(f"{path} is {_OTHERWISE[suffix]}")
    found = _SUFFIXES.get(suffix)
    if found == "xgboost":
        found = _recognize_booster(path)
    if found is None:
        raise BadRequest(
            f"{path} is no model that kfsim recognizes by its name ({_known()}); say what it is "
            "with --format"
        )
    return found


def _recognize_booster(path: Path) -> str | None:
    """LightGBM's text and XGBoost's JSON tell themselves; both are saved as .bst too."""
    with path.open("rb") as file:
        start = file.read(_SNIFFED_BYTES)
    if start.startswith(b"tree"):
        return "lightgbm"
    return "xgboost" if path.suffix.lower() != ".json" or b'"learner"' in start else None


def _recognize_folder(folder: Path) -> str:
    names = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    if "MLmodel" in names:
        return "mlflow"
    if any((place / "saved_model.pb").is_file() for place in (folder, *_versions(folder, names))):
        return "tensorflow"
    if any((folder / name / "config.pbtxt").is_file() for name in names):
        return "triton"
    if "model-store" in names and "config" in names:
        return "pytorch"
    if "config.json" in names and any(name.endswith(_WEIGHTS) for name in names):
        return "huggingface"
    found = {name: kind for name in names if (kind := _try_file(folder / name)) is not None}
    if len(found) == 1:
        return next(iter(found.values()))
    if found:
        raise BadRequest(
            f"{folder} holds several models, of which a server takes one: {', '.join(found)}; give "
            "one of the files"
        )
    listed = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
    raise BadRequest(
        f"{folder} holds no model that kfsim recognizes ({_known()}, saved_model.pb, MLmodel), but "
        f"{listed or 'nothing'}; say what it is with --format"
    )


def _versions(folder: Path, names: list[str]) -> list[Path]:
    """TensorFlow Serving's numbered folders."""
    return [folder / name for name in names if name.isdigit()]


def _try_file(path: Path) -> str | None:
    try:
        return _recognize_file(path) if path.is_file() else None
    except BadRequest:
        return None


def _known() -> str:
    return ", ".join(_SUFFIXES)


def _near(path: Path) -> str:
    parent = path.parent
    if not parent.is_dir():
        return f": {parent} does not exist either"
    names = [entry.name for entry in parent.iterdir() if not entry.name.startswith(".")]
    close = difflib.get_close_matches(path.name, names, n=1)
    if close:
        return f"; did you mean {parent / close[0]}?"
    models = sorted(name for name in names if Path(name).suffix.lower() in _SUFFIXES)
    return f"; there is {', '.join(models[:5])}" if models else "; correct the path"
