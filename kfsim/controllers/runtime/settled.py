"""Which keys need no second look.

A reconciler whose outcome depends on nothing but the objects it reads would write nothing if it ran
again on the same ones. Most wake-ups are of that kind: a status written by the reconciler itself,
a child's change that it made. So it remembers the resourceVersions of what it read, as they are
when it is done, and returns at once while they stand.
"""

from collections.abc import Hashable

from kfsim.api.meta import Object
from kfsim.controllers.runtime.controller import Key
from kfsim.store import Store

Inputs = tuple[Hashable, ...]


class Settled:
    """The inputs of each key's last complete reconcile."""

    def __init__(self) -> None:
        self._inputs: dict[Key, Inputs] = {}

    def is_settled(self, key: Key, inputs: Inputs) -> bool:
        return self._inputs.get(key) == inputs

    def settle(self, key: Key, inputs: Inputs) -> None:
        self._inputs[key] = inputs

    def forget(self, key: Key) -> None:
        self._inputs.pop(key, None)


def version_of(store: Store, model: type[Object], name: str, namespace: str) -> int:
    """An object's resourceVersion, 0 when there is none."""
    entry = store.entry(model, name, namespace)
    return 0 if entry is None else entry.resource_version
