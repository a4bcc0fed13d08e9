"""How a kind is served in a version whose fields differ from those it is stored with.

Objects are stored in one version. Where the other one differs in its group's name only, that name
is rewritten; where its fields differ, the kind has a `Conversion`, which works on decoded JSON, as
a cluster's conversion webhook does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kfsim.api.meta import Object

JsonObject = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Conversion:
    """One other version of a kind.

    `to_stored(document, stored)` gives what to store, where `stored` is the object as it is now,
    None for a new one; what the version cannot say is taken from there. Raises Forbidden for what
    the version refuses. `from_stored` is what clients of the version see. Both give the apiVersion
    of the result.
    """

    model: type[Object]
    """The fields that the version has."""
    to_stored: Callable[[JsonObject, JsonObject | None], dict[str, Any]]
    from_stored: Callable[[JsonObject], dict[str, Any]]


def keep_unsayable(stored: Any, before: Any, after: Any) -> Any:
    """`after`, with what `stored` holds beyond `before`.

    `before` is the stored value sent to the other version and back, `after` the new one from there:
    what both lack, the other version cannot say, and its clients did not mean to remove. Lists are
    matched by position, since those here hold a component's containers.
    """
    if after == before:
        return stored
    if _all_are(dict, stored, before, after):
        kept = {
            key: value
            for key, value in stored.items()
            if key in after or key not in before  # else the client has removed it
        }
        for key, value in after.items():
            known = key in stored and key in before
            kept[key] = keep_unsayable(stored[key], before[key], value) if known else value
        return kept
    if _all_are(list, stored, before, after):
        shared = min(len(stored), len(before), len(after))
        merged = [keep_unsayable(stored[i], before[i], after[i]) for i in range(shared)]
        return [*merged, *after[shared:], *stored[len(before) :]]
    return after


def _all_are(kind: type, *values: Any) -> bool:
    return all(isinstance(value, kind) for value in values)
