"""Data frames, for models that were trained on named columns. pandas is optional."""

import importlib
from typing import Any

from kfsim.modelserver.errors import InvalidInput


def make_frame_of_rows(instances: list[Any]) -> Any:
    """Rows given as objects; an object with list values stands for several rows, as in KServe."""
    pandas = _pandas()
    try:
        rows = [
            each if any(isinstance(value, list) for value in each.values()) else [each]
            for each in instances
        ]
        return pandas.concat([pandas.DataFrame(row) for row in rows], axis=0)
    except (AttributeError, TypeError, ValueError) as error:
        raise InvalidInput(f"instances do not make a table: {error}") from error


def make_frame_of_columns(columns: dict[str, Any]) -> Any:
    """Tensors as columns."""
    pandas = _pandas()
    try:
        return pandas.DataFrame({name: tensor.ravel() for name, tensor in columns.items()})
    except ValueError as error:
        raise InvalidInput(f"the inputs do not make a table: {error}") from error


def _pandas() -> Any:
    try:
        return importlib.import_module("pandas")
    except ModuleNotFoundError as error:
        raise InvalidInput(
            "rows with named columns need pandas, which is not installed beside kfsim (pip install "
            "pandas); or send lists of numbers"
        ) from error
