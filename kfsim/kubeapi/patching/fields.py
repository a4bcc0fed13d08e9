"""Sets of fields, as managedFields writes them (`fieldsV1` of structured-merge-diff).

A set is a nested dict: `{"f:spec": {"f:env": {'k:{"name":"a"}': {".": {}, "f:value": {}}}}}`. An
empty dict is a field that is owned as it is; "." is a list's item itself.
"""

from collections.abc import Iterator
from typing import Any, Final

import orjson

from kfsim.kubeapi.patching.list_keys import is_set, list_key

FieldSet = dict[str, Any]
Path = tuple[str, ...]
ITSELF: Final = "."


def fields_of(value: dict[str, Any]) -> FieldSet:
    """All fields that the object gives."""
    return {f"f:{name}": _fields(name, inner) for name, inner in value.items()}


def _fields(name: str, value: Any) -> FieldSet:
    if isinstance(value, dict) and value:
        return fields_of(value)
    if isinstance(value, list) and value:
        if is_set(name):
            return {f"v:{_text(item)}": {} for item in value}
        if key := list_key(name, value):
            return {
                f"k:{_text({key: item[key]})}": {ITSELF: {}, **fields_of(item)} for item in value
            }
    return {}


def paths(fields: FieldSet, prefix: Path = ()) -> Iterator[Path]:
    """The paths of all leaves, items' own "." left out but for items without other fields."""
    for name, inner in fields.items():
        if name != ITSELF:
            yield from paths(inner, (*prefix, name)) if inner else iter([(*prefix, name)])


def contains(fields: FieldSet, path: Path) -> bool:
    """Whether the path, or something below it, is in the set."""
    for step in path:
        if step not in fields:
            return False
        fields = fields[step]
    return True


def without(fields: FieldSet, path: Path) -> FieldSet:
    """The set less a path; what becomes empty goes too."""
    head, *rest = path
    if head not in fields:
        return fields
    left = {name: inner for name, inner in fields.items() if name != head}
    if rest and fields[head]:
        inner = without(fields[head], tuple(rest))
        if set(inner) - {ITSELF}:
            return {**left, head: inner}
    return left


def value_at(value: Any, path: Path) -> Any:
    """The value that a path leads to; None where there is none."""
    for step in path:
        if value is None:
            return None
        value = _step(value, step)
    return value


def _step(value: Any, step: str) -> Any:
    kind, _, text = step.partition(":")
    if kind == "f":
        return value.get(text) if isinstance(value, dict) else None
    if not isinstance(value, list):
        return None
    wanted = orjson.loads(text)
    if kind == "v":
        return wanted if wanted in value else None
    return next((item for item in value if is_item(item, wanted)), None)


def is_item(item: Any, keys: dict[str, Any]) -> bool:
    """Whether a list's item has these values."""
    return isinstance(item, dict) and all(item.get(key) == text for key, text in keys.items())


def _text(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
