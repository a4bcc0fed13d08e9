"""JSON merge patch (RFC 7396) on decoded JSON."""

from typing import Any


def merge(target: Any, patch: Any) -> Any:
    """`target` with `patch` applied: null removes a member, an object merges into an object,
    anything else replaces. Neither argument is changed."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged


def make_patch(source: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """The smallest merge patch that turns `source` into `wanted` (which holds no null)."""
    patch: dict[str, Any] = {name: None for name in source if name not in wanted}
    for name, value in wanted.items():
        if name not in source:
            patch[name] = value
        elif isinstance(value, dict) and isinstance(source[name], dict):
            if inner := make_patch(source[name], value):
                patch[name] = inner
        elif source[name] != value or isinstance(source[name], bool) != isinstance(value, bool):
            patch[name] = value
    return patch
