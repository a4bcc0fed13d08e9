"""Why a pickle could not be loaded: what is missing or differs here, by name and version."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kfsim.modelserver.versions import distribution_of, installed_version, read_sklearn_version

_OWN_CLASS = re.compile(r"Can't get attribute '(\w+)' on <module '__main__'")


def explain_failure(error: Exception, path: Path, size: int, caught: Sequence[Any]) -> str:
    """One line for what unpickling raised; `caught` are the warnings that came before."""
    problem = f"{type(error).__name__}: {error}".strip().replace("\n", " ")
    if isinstance(error, ModuleNotFoundError) and (text := _explain_missing(error.name or "")):
        return f"cannot load {path}: {text}"
    pickled, current = _pickled_with(path, caught), installed_version("scikit-learn")
    if pickled and pickled != current:
        return (
            f"cannot load {path}: pickled with scikit-learn {pickled}, loaded with {current} "
            f"({problem}); install scikit-learn=={pickled} beside kfsim, or train and save the "
            "model again with the installed version"
        )
    if isinstance(error, ModuleNotFoundError):
        return f"cannot load {path}: {_explain_moved(error.name or '')}"
    if (own := _OWN_CLASS.search(str(error))) is not None:
        return (
            f"cannot load {path}: its class or function {own[1]!r} was defined in the script that "
            "saved it, and a pickle holds only the name; put it into a module, import it from "
            "there before saving, and install that module beside kfsim"
        )
    if isinstance(error, MemoryError):
        return f"cannot load {path} ({size} bytes): not enough memory"
    return (
        f"cannot load {path} ({size} bytes): {problem}; the file is truncated, damaged or not a "
        "joblib or pickle file; save the model again or fetch it again"
    )


def _explain_missing(module: str) -> str:
    """Of a library that is not here; empty where only a part of it is missing."""
    distribution = distribution_of(module)
    if installed_version(distribution):
        return ""
    return (
        f"it needs the Python module {module!r}, which is not installed; install it beside kfsim "
        f"(pip install {distribution})"
    )


def _explain_moved(module: str) -> str:
    """numpy 2 pickles name numpy._core, for example, which numpy 1 has not."""
    distribution = distribution_of(module)
    return (
        f"it was pickled with another version of {distribution}, whose module {module!r} the "
        f"installed {distribution} {installed_version(distribution)} has not; install the version "
        "that it was saved with, or save it again with the installed one"
    )


def _pickled_with(path: Path, caught: Sequence[Any]) -> str:
    """scikit-learn's version at pickling, where a warning or the file tells; else empty."""
    for warning in caught:
        if hasattr(warning.message, "original_sklearn_version"):
            return str(warning.message.original_sklearn_version)
    return read_sklearn_version(path)
