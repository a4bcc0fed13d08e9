"""From a model directory to a model object: which file, how it is read, and what can go wrong.

The rules are sklearnserver's: exactly one file that ends in .joblib, .pkl or .pickle. Every failure
becomes one `LoadFailure` line that names the file and the mend, because that line is what a user
sees in the Pod's status.
"""

import importlib
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EXTENSIONS = (".joblib", ".pkl", ".pickle")


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
            # Imported late: models that load need none of it.
            from kfsim.modelserver.explaining import explain_failure

            raise LoadFailure(explain_failure(error, path, size, caught)) from error
    if not hasattr(model, "predict"):
        raise LoadFailure(
            f"{path} holds a {type(model).__name__}, which has no predict(); save the fitted "
            "estimator itself"
        )
    return LoadedModel(model, path, tuple(_describe_warnings(caught, path)))


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
