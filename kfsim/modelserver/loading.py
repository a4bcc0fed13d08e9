"""From a model directory to a model object: which file, how it is read, and what can go wrong.

The rules are sklearnserver's: exactly one file that ends in .joblib, .pkl or .pickle. Every failure
becomes one `LoadFailure` line that names the file and the mend, because that line is what a user
sees in the Pod's status.
"""

import importlib
import os
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EXTENSIONS = (".joblib", ".pkl", ".pickle")
_PICKLED_VERSION = re.compile(rb"_sklearn_version.{1,12}?(\d+\.\d+[0-9a-z.]*)", re.DOTALL)
_SNIFFED_BYTES = 64 * 2**20


class LoadFailure(Exception):
    """Why a model could not be loaded, in one line."""


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model object, the file it came from and what the loader warned about."""

    model: Any
    path: Path
    warnings: tuple[str, ...] = ()


def find_model_file(model_dir: str) -> Path:
    """The one model file in the directory. Raises LoadFailure."""
    folder = Path(model_dir)
    expected = "expected exactly one file ending in " + ", ".join(EXTENSIONS)
    try:
        entries = sorted(os.listdir(folder))
    except OSError as error:
        raise LoadFailure(
            f"cannot read the model directory {folder}: {error.strerror or error}; {expected} there"
        ) from error
    files = [name for name in entries if name.endswith(EXTENSIONS) and (folder / name).is_file()]
    if len(files) == 1:
        return folder / files[0]
    if files:
        raise LoadFailure(
            f"More than one model file is detected in {folder}: {', '.join(files)}; only one is "
            "allowed, so move the others away"
        )
    found = ", ".join(entries[:8]) + (", …" if len(entries) > 8 else "")
    raise LoadFailure(
        f"no model file in {folder}: {expected}, found {found or 'an empty directory'}; save the "
        "model with joblib.dump(model, 'model.joblib') and point storageUri at its folder"
    )


def load_model(model_dir: str, *, allow_pickle: bool) -> LoadedModel:
    """Find and unpickle the model. Raises LoadFailure."""
    path = find_model_file(model_dir)
    if not allow_pickle:
        raise LoadFailure(
            f"{path} is a pickle, which runs code when loaded, and --allow-pickle=never refuses "
            "it; trust the file and allow pickle, or serve the model in another format"
        )
    size = path.stat().st_size
    if size == 0:
        raise LoadFailure(f"{path} is empty (0 bytes); save the model again or fetch it again")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model = importlib.import_module("joblib").load(path)
        except Exception as error:  # unpickling runs foreign code: anything goes
            raise LoadFailure(_explain(error, path, size, caught)) from error
    if not hasattr(model, "predict"):
        raise LoadFailure(
            f"{path} holds a {type(model).__name__}, which has no predict(); save the fitted "
            "estimator itself"
        )
    return LoadedModel(model, path, tuple(_describe_warnings(caught, path)))


def _explain(error: Exception, path: Path, size: int, caught: list[Any]) -> str:
    problem = f"{type(error).__name__}: {error}".strip().replace("\n", " ")
    # A module of scikit-learn itself that is missing was moved between versions.
    if isinstance(error, ModuleNotFoundError) and not (error.name or "").startswith("sklearn"):
        return (
            f"cannot load {path}: it needs the Python module {error.name!r}, which is not "
            f"installed; install it beside kfsim (pip install {(error.name or '').split('.')[0]})"
        )
    versions = _versions(path, caught)
    if versions is not None:
        pickled, current = versions
        if pickled != current:
            return (
                f"cannot load {path}: pickled with scikit-learn {pickled}, loaded with "
                f"{current} ({problem}); install scikit-learn=={pickled} beside kfsim, or train "
                "and save the model again with the installed version"
            )
    if isinstance(error, MemoryError):
        return f"cannot load {path} ({size} bytes): not enough memory"
    return (
        f"cannot load {path} ({size} bytes): {problem}; the file is truncated, damaged or not a "
        "joblib or pickle file; save the model again or fetch it again"
    )


def _versions(path: Path, caught: list[Any]) -> tuple[str, str] | None:
    """scikit-learn's version at pickling and now, where the file or a warning tells."""
    for warning in caught:
        message = warning.message
        if hasattr(message, "original_sklearn_version"):
            return str(message.original_sklearn_version), str(message.current_sklearn_version)
    try:
        with path.open("rb") as file:
            found = _PICKLED_VERSION.search(file.read(_SNIFFED_BYTES))
    except OSError:
        return None
    if found is None:
        return None
    return found[1].decode(), str(importlib.import_module("sklearn").__version__)


def _describe_warnings(caught: list[Any], path: Path) -> list[str]:
    described: dict[str, None] = {}
    for warning in caught:
        message = warning.message
        if hasattr(message, "original_sklearn_version"):
            text = (
                f"{path} was pickled with scikit-learn {message.original_sklearn_version} and is "
                f"loaded with {message.current_sklearn_version}: predictions may differ or fail; "
                "train and save it again, or install the version it was pickled with"
            )
        else:
            text = f"loading {path}: {warning.category.__name__}: {message}".replace("\n", " ")
        described[text] = None
    return list(described)
