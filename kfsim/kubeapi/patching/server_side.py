"""Server-side apply: the object a manager wants, merged by who set which field.

What the manager gives is set; what it gave before and no longer gives is removed unless another
manager gives it too; what another manager gives with another value is a conflict, unless forced.
Ownership is kept in metadata.managedFields. Managers by other verbs (a PUT, a merge patch) are not
recorded here, so they never conflict.

Rules from the Kubernetes documentation of server-side apply and apimachinery's
pkg/util/managedfields.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from kfsim.base.errors import BadRequest, Cause, Conflict
from kfsim.kubeapi.patching.fields import (
    FieldSet,
    Path,
    contains,
    fields_of,
    is_item,
    paths,
    value_at,
    without,
)
from kfsim.kubeapi.patching.list_keys import is_set, list_key

APPLY_TYPE: Final = "application/apply-patch+yaml"
_APPLY: Final = "Apply"
# Who owns these is never asked (apimachinery's stripset).
_UNOWNED: Final = (
    "apiVersion",
    "kind",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "metadata.resourceVersion",
    "metadata.generation",
    "metadata.creationTimestamp",
    "metadata.managedFields",
)


@dataclass(frozen=True, slots=True)
class ApplyOptions:
    """The request's query; `wall` is the time that managedFields notes."""

    manager: str
    force: bool
    wall: str


def apply(
    live: dict[str, Any] | None, wanted: dict[str, Any], options: ApplyOptions
) -> dict[str, Any]:
    """The object to write, managedFields included; `live` is None where there is none yet.

    Raises BadRequest and Conflict.
    """
    if not options.manager:
        raise BadRequest(
            "PatchOptions.meta.k8s.io is invalid: fieldManager: Required value: is required for "
            "apply patch"
        )
    if (wanted.get("metadata") or {}).get("managedFields"):
        raise BadRequest("metadata.managedFields must be nil")
    managers = _managers(live)
    before = managers.pop(options.manager, {})
    own = _owned(wanted)
    present = live or {}
    given = {
        path: None
        for path in paths(own)
        if value_at(present, path) != value_at(wanted, path)  # the same value may be shared
    }
    conflicts = [
        (name, path) for name, fields in managers.items() for path in paths(fields) if path in given
    ]
    if conflicts and not options.force:
        raise _conflict(conflicts)
    for name, path in conflicts:
        managers[name] = without(managers[name], path)
    merged = _merge(present, wanted)
    managers[options.manager] = own
    for path in _abandoned(before, managers.values()):
        merged = _removed(merged, path)
    metadata = {**(merged.get("metadata") or {})}
    metadata["managedFields"] = _entries(live, managers, wanted, options)
    return {**merged, "metadata": metadata}


def _owned(wanted: dict[str, Any]) -> FieldSet:
    fields = fields_of(wanted)
    for name in _UNOWNED:
        fields = without(fields, tuple(f"f:{step}" for step in name.split(".")))
    return fields


def _abandoned(before: FieldSet, owned: Iterable[FieldSet]) -> dict[Path, None]:
    """The paths that nobody gives any more; of a list's item that is such, the item's own."""
    sets = tuple(owned)
    found: dict[Path, None] = {}
    for path in paths(before):
        items = [path[: at + 1] for at, step in enumerate(path) if step.startswith("k:")]
        for candidate in (*items, path):
            if not any(contains(fields, candidate) for fields in sets):
                found[candidate] = None
                break
    return found


def _managers(live: dict[str, Any] | None) -> dict[str, FieldSet]:
    entries = ((live or {}).get("metadata") or {}).get("managedFields") or ()
    return {
        entry["manager"]: entry.get("fieldsV1") or {}
        for entry in entries
        if entry.get("operation") == _APPLY and not entry.get("subresource")
    }


def _entries(
    live: dict[str, Any] | None,
    managers: dict[str, FieldSet],
    wanted: dict[str, Any],
    options: ApplyOptions,
) -> list[dict[str, Any]]:
    """managedFields; an entry that is as it was keeps its time, so that nothing changes."""
    known = ((live or {}).get("metadata") or {}).get("managedFields") or ()
    by_manager = {entry.get("manager"): entry for entry in known}
    made = []
    for name, fields in managers.items():
        old = by_manager.get(name)
        if old is not None and old.get("fieldsV1") == fields:
            made.append(old)
        elif fields:
            made.append(
                {
                    "manager": name,
                    "operation": _APPLY,
                    "apiVersion": wanted.get("apiVersion", ""),
                    "time": options.wall,
                    "fieldsType": "FieldsV1",
                    "fieldsV1": fields,
                }
            )
    return made


def _merge(present: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    merged = dict(present)
    for name, value in wanted.items():
        merged[name] = _merged_value(name, merged.get(name), value)
    return merged


def _merged_value(name: str, present: Any, value: Any) -> Any:
    if isinstance(value, dict) and isinstance(present, dict):
        return _merge(present, value)
    if isinstance(value, list) and isinstance(present, list):
        if is_set(name):
            return [*present, *(item for item in value if item not in present)]
        if key := list_key(name, present, value):
            return _merge_items(present, value, key)
    return value


def _merge_items(present: list[Any], wanted: list[Any], key: str) -> list[Any]:
    """In the manager's order; the others' items keep their place before or after them."""
    given = {item[key]: item for item in wanted}
    merged = [_merge(item, given.pop(item[key], {})) for item in present]
    return [*merged, *given.values()]


def _removed(value: Any, path: Path) -> Any:
    """The object without what the path leads to; maps that become empty go too."""
    head, *rest = path
    kind, _, text = head.partition(":")
    if kind == "f":
        if not isinstance(value, dict) or text not in value:
            return value
        inner = _removed(value[text], tuple(rest)) if rest else {}
        return {**value, text: inner} if inner not in ({}, []) else _dropped(value, text)
    if not isinstance(value, list):
        return value
    wanted = orjson.loads(text)
    if kind == "v":
        return [item for item in value if item != wanted]
    if not rest:
        return [item for item in value if not is_item(item, wanted)]
    return [_removed(item, tuple(rest)) if is_item(item, wanted) else item for item in value]


def _dropped(value: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: inner for key, inner in value.items() if key != name}


def _conflict(conflicts: Sequence[tuple[str, Path]]) -> Conflict:
    """The API server's own words."""
    by_manager: dict[str, list[str]] = {}
    for name, path in conflicts:
        by_manager.setdefault(name, []).append(_shown(path))
    texts = []
    for name, fields in by_manager.items():
        texts.append(
            f'conflict with "{name}": {", ".join(fields)}'
            if len(fields) == 1
            else f'conflicts with "{name}":\n' + "\n".join(f"- {each}" for each in fields)
        )
    plural = "conflict" if len(conflicts) == 1 else "conflicts"
    return Conflict(
        f"Apply failed with {len(conflicts)} {plural}: " + "\n".join(texts),
        causes=[
            Cause(_shown(path), f'conflict with "{name}"', "FieldManagerConflict")
            for name, path in conflicts
        ],
    )


def _shown(path: Path) -> str:
    """`.spec.containers[name="a"].image`."""
    words = []
    for step in path:
        kind, _, text = step.partition(":")
        if kind == "f":
            words.append(f".{text}")
        elif kind == "v":
            words.append(f"[={text}]")
        else:
            keys = ",".join(
                f"{k}={orjson.dumps(v).decode()}" for k, v in orjson.loads(text).items()
            )
            words.append(f"[{keys}]")
    return "".join(words)
