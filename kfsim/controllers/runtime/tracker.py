"""Who refers to whom, where ownership does not say it (knative.dev/pkg tracker).

A reconciler tells for each of its keys which objects it looked at, existing or not; a write to one
of them wakes the keys that refer to it. The latest telling counts.
"""

from collections.abc import Iterable

from kfsim.api.meta import Object
from kfsim.controllers.runtime.controller import Key, Watch
from kfsim.store import Entry

Reference = tuple[type[Object], str, str]
"""Model, namespace and name."""


class Tracker:
    """References of one controller's keys."""

    def __init__(self) -> None:
        self._referrers: dict[Reference, dict[Key, None]] = {}
        self._references: dict[Key, tuple[Reference, ...]] = {}

    def track(self, key: Key, references: Iterable[Reference]) -> None:
        """Replace what `key` refers to; nothing forgets the key."""
        wanted = tuple(dict.fromkeys(references))
        known = self._references.get(key, ())
        if wanted == known:
            return
        for reference in known:
            if reference not in wanted:
                self._drop(reference, key)
        for reference in wanted:
            self._referrers.setdefault(reference, {})[key] = None
        if wanted:
            self._references[key] = wanted
        else:
            self._references.pop(key, None)

    def references(self, key: Key) -> tuple[Reference, ...]:
        """What `key` refers to, in the order in which it was told."""
        return self._references.get(key, ())

    def watch(self, model: type[Object]) -> Watch:
        """Wakes the keys that refer to the written object."""

        def keys_of(entry: Entry) -> Iterable[Key]:
            return tuple(self._referrers.get((model, entry.namespace, entry.name), ()))

        return Watch(model, keys_of)

    def _drop(self, reference: Reference, key: Key) -> None:
        referrers = self._referrers[reference]
        del referrers[key]
        if not referrers:
            del self._referrers[reference]
