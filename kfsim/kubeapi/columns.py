"""What a printed column is, and the makers that most kinds need (pure)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kfsim.kubeapi.durations import format_age

JsonObject = Mapping[str, Any]
Cell = Callable[[JsonObject, float], Any]
"""An object's decoded JSON and the wall time to a cell; None is printed empty."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of metav1.Table; priority 1 shows with `-o wide` only."""

    name: str
    cell: Cell
    type: str = "string"
    format: str = ""
    priority: int = 0


def dig(value: Any, path: str) -> Any:
    """The value at a dotted path of object members; None where there is none."""
    for step in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value


def items(value: Any, path: str) -> Iterator[JsonObject]:
    """The objects of the list at a dotted path."""
    found = dig(value, path)
    if isinstance(found, list):
        yield from (each for each in found if isinstance(each, Mapping))


def at(name: str, path: str, *, type_: str = "string", priority: int = 0) -> Column:
    """A CRD column: the text at a path, empty where it is absent."""

    def cell(obj: JsonObject, wall: float) -> Any:
        value = dig(obj, path)
        if value is None:
            return None
        return _as_text(value) if type_ == "string" else value

    return Column(name, cell, type_, priority=priority)


def first_of(
    name: str, path: str, pick: Callable[[JsonObject], bool], field: str, *, type_: str = "string"
) -> Column:
    """A CRD column with a filter: `field` of the first list item that `pick` takes."""

    def cell(obj: JsonObject, wall: float) -> Any:
        for item in items(obj, path):
            if pick(item):
                return item.get(field)
        return None

    return Column(name, cell, type_)


def condition(name: str, type_: str, field: str) -> Column:
    """A field of one condition."""
    return first_of(name, "status.conditions", lambda item: item.get("type") == type_, field)


def _name_cell(obj: JsonObject, wall: float) -> Any:
    return dig(obj, "metadata.name")


def _age_cell(obj: JsonObject, wall: float) -> Any:
    return format_age(wall, dig(obj, "metadata.creationTimestamp"))


NAME: Final = Column("Name", _name_cell, format="name")
AGE: Final = Column("Age", _age_cell)
CRD_AGE: Final = Column("Age", _age_cell, type="date")
READY: Final = condition("Ready", "Ready", "status")
REASON: Final = condition("Reason", "Ready", "reason")


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return (
            "["
            + ",".join(f'"{item}"' if isinstance(item, str) else str(item) for item in value)
            + "]"
        )
    return str(value)
