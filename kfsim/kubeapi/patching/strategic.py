"""Strategic merge patch (apimachinery's pkg/util/strategicpatch): merge patch with merged lists.

Directives: `$patch: replace` and `$patch: delete` in an object or in a list's item,
`$retainKeys`, `$deleteFromPrimitiveList/FIELD`, `$setElementOrder/FIELD`. What the patch does not
mention stays.
"""

from collections.abc import Iterator
from typing import Any, Final

from kfsim.base.errors import BadRequest
from kfsim.kubeapi.patching.list_keys import is_set, list_key

_PATCH: Final = "$patch"
_RETAIN: Final = "$retainKeys"
_ORDER: Final = "$setElementOrder/"
_DELETE: Final = "$deleteFromPrimitiveList/"


def apply_strategic_patch(target: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """Neither argument is changed. Raises BadRequest for a directive that is none."""
    directive = _directive(patch)
    if directive == "replace":
        return {name: value for name, value in patch.items() if name != _PATCH}
    if directive == "delete":
        return {}
    merged = dict(target)
    retained = patch.get(_RETAIN)
    if retained is not None:
        merged = {name: value for name, value in merged.items() if name in retained}
    for name, value in patch.items():
        if name.startswith(_DELETE):
            field = name.removeprefix(_DELETE)
            merged[field] = [item for item in merged.get(field) or () if item not in value]
        elif not name.startswith("$"):
            _merge_field(merged, name, value)
    for field, order in _orders(patch):
        if isinstance(merged.get(field), list):
            merged[field] = _ordered(field, merged[field], order)
    return merged


def _merge_field(merged: dict[str, Any], name: str, value: Any) -> None:
    present = merged.get(name)
    if value is None:
        merged.pop(name, None)
    elif isinstance(value, dict):
        if _directive(value) == "delete":
            merged.pop(name, None)
        else:
            merged[name] = apply_strategic_patch(
                present if isinstance(present, dict) else {}, value
            )
    elif isinstance(value, list):
        merged[name] = _merge_list(name, present if isinstance(present, list) else [], value)
    else:
        merged[name] = value


def _merge_list(field: str, present: list[Any], patch: list[Any]) -> list[Any]:
    kept = [item for item in patch if not (isinstance(item, dict) and set(item) == {_PATCH})]
    if any(_directive(item) == "replace" for item in patch if isinstance(item, dict)):
        return [_plain(item) for item in kept]
    if is_set(field):
        return [*present, *(item for item in patch if item not in present)]
    key = list_key(field, present, kept)
    if key is None:
        return patch
    merged = {item[key]: item for item in present}
    for item in kept:
        if _directive(item) == "delete":
            merged.pop(item[key], None)
        else:
            merged[item[key]] = apply_strategic_patch(merged.get(item[key], {}), item)
    return list(merged.values())


def _directive(value: dict[str, Any]) -> str | None:
    directive = value.get(_PATCH)
    if directive not in (None, "replace", "delete", "merge"):
        raise BadRequest(f"$patch is {directive!r}; it must be replace, delete or merge")
    return directive


def _plain(item: Any) -> Any:
    return {k: v for k, v in item.items() if k != _PATCH} if isinstance(item, dict) else item


def _orders(patch: dict[str, Any]) -> Iterator[tuple[str, list[Any]]]:
    for name, value in patch.items():
        if name.startswith(_ORDER) and isinstance(value, list):
            yield name.removeprefix(_ORDER), value


def _ordered(field: str, items: list[Any], order: list[Any]) -> list[Any]:
    """Items in the given order; those that it does not name come after the ones before them."""
    key = list_key(field, items, order)
    wanted = [item[key] if key else item for item in order]
    places = {identity: place for place, identity in enumerate(wanted)}
    ranked: list[tuple[int, int, Any]] = []
    last = -1
    for number, item in enumerate(items):
        identity = item[key] if key else item
        last = places.get(identity, last)
        ranked.append((last, number, item))
    ranked.sort(key=lambda each: (each[0], each[1]))
    return [item for _, _, item in ranked]
