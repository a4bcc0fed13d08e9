"""Deletes what the rules name."""

from kfsim.api.config.gc import GarbageCollectionConfig
from kfsim.api.knative.serving import Configuration, Revision
from kfsim.base.clock import Clock
from kfsim.controllers.gc.rules import collect_revisions
from kfsim.controllers.runtime import ConfigReader, Key, Result
from kfsim.store import Store

# A wait is rounded up, because creation times are whole seconds.
_ROUNDING = 1.0


class GarbageCollector:
    """One Configuration at a time."""

    def __init__(
        self, *, store: Store, clock: Clock, config: ConfigReader[GarbageCollectionConfig]
    ) -> None:
        self._store = store
        self._clock = clock
        self._config = config

    def reconcile(self, key: Key) -> Result:
        entry = self._store.entry(Configuration, key.name, key.namespace)
        config = self._config()
        if entry is None or len(self._store.owned_entries(Revision, entry.uid)) <= (
            config.min_non_active_revisions
        ):
            return Result()  # most have a few, and nothing needs to be decoded
        configuration = self._store.view(Configuration, entry)
        if configuration.metadata.deletion_timestamp is not None:
            return Result()
        found = collect_revisions(
            self._store.owned(Revision, configuration),
            config,
            latest_ready=configuration.status.latest_ready_revision_name or "",
            wall=self._clock.wall(),
        )
        for name in found.doomed:
            self._store.delete(Revision, name, key.namespace)
        if found.next_look is None:
            return Result()
        return Result(requeue_after=found.next_look + _ROUNDING)
