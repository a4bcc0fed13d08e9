"""Which InferenceServices must be looked at again when a runtime is written.

Those that run on it, and those for which no runtime was found. Kept in memory: at start every
InferenceService is reconciled anyway.
"""

from collections.abc import Iterable
from typing import NamedTuple

from kfsim.api.kserve.types import ClusterServingRuntime
from kfsim.controllers.runtime import Key
from kfsim.store import Entry


class RuntimeName(NamedTuple):
    """Namespace (empty for a cluster-wide one) and name."""

    namespace: str
    name: str


class RuntimeUsers:
    """Updated by each reconcile; the latest telling counts."""

    def __init__(self) -> None:
        self._users: dict[RuntimeName, dict[Key, None]] = {}
        self._used: dict[Key, RuntimeName] = {}
        self._unserved: dict[Key, None] = {}

    def use(self, key: Key, runtime: RuntimeName) -> None:
        self.forget(key)
        self._used[key] = runtime
        self._users.setdefault(runtime, {})[key] = None

    def miss(self, key: Key) -> None:
        """No runtime was found for `key`."""
        self.forget(key)
        self._unserved[key] = None

    def forget(self, key: Key) -> None:
        self._unserved.pop(key, None)
        runtime = self._used.pop(key, None)
        if runtime is not None:
            users = self._users[runtime]
            del users[key]
            if not users:
                del self._users[runtime]

    def keys_of(self, entry: Entry) -> Iterable[Key]:
        """For a written ServingRuntime or ClusterServingRuntime."""
        everywhere = entry.model is ClusterServingRuntime
        users = self._users.get(RuntimeName(entry.namespace, entry.name), {})
        waiting = (key for key in self._unserved if everywhere or key.namespace == entry.namespace)
        return (*users, *waiting)
