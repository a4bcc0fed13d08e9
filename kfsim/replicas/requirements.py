"""Requirements on labels and fields, as selectors and affinity terms make them. Pure.

The operators are those of apimachinery's labels.Requirement; nodes add Gt and Lt.
"""

from collections.abc import Iterable, Mapping
from typing import Any


def satisfies_all(requirements: Iterable[Mapping[str, Any]], values: Mapping[str, str]) -> bool:
    """Whether the values satisfy each `{key, operator, values}`."""
    return all(_satisfies(each, values.get(each.get("key", ""))) for each in requirements)


def selects(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """A LabelSelector: None selects nothing, an empty one everything."""
    if selector is None:
        return False
    wanted: Mapping[str, str] = selector.get("matchLabels") or {}
    return all(labels.get(key) == value for key, value in wanted.items()) and satisfies_all(
        selector.get("matchExpressions") or (), labels
    )


def _satisfies(requirement: Mapping[str, Any], value: str | None) -> bool:
    wanted = [str(each) for each in requirement.get("values") or ()]
    match requirement.get("operator"):
        case "In":
            return value in wanted
        case "NotIn":
            return value not in wanted
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt" | "Lt" as operator:
            return _compares(operator, value, wanted)
    return False


def _compares(operator: str, value: str | None, wanted: list[str]) -> bool:
    """Both sides must be integers, as labels/selector.go has it."""
    try:
        one, other = int(value or ""), int(wanted[0])
    except (ValueError, IndexError):
        return False
    return one > other if operator == "Gt" else one < other
