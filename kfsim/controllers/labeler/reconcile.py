"""Writes a Route's name to what it sends traffic to, and takes it off what it no longer does."""

from kfsim.api.conditions import UNKNOWN, find_condition
from kfsim.api.knative import keys
from kfsim.api.knative.serving import Configuration, Revision, Route
from kfsim.base.clock import Clock, format_timestamp
from kfsim.controllers.labeler.metadata import (
    routes_of,
    with_route,
    with_routing_state,
    without_route,
)
from kfsim.controllers.runtime import Key, Result, Tracker
from kfsim.store import Store


class LabelerReconciler:
    """One Route at a time."""

    def __init__(self, *, store: Store, clock: Clock, tracker: Tracker) -> None:
        self._store = store
        self._clock = clock
        self._tracker = tracker
        self._of_services: dict[Key, None] = {}

    def reconcile(self, key: Key) -> Result:
        route = self._store.find(Route, key.name, key.namespace)
        wall = format_timestamp(self._clock.wall())
        if route is None or route.metadata.deletion_timestamp is not None:
            self._clear(key, self._left_by(key), {}, {}, wall=wall)
            return Result()
        self._remember(key, route)
        configurations, revisions = self._targets(key, route)
        if _is_settled(route):
            candidates = dict.fromkeys(configurations)
            if key not in self._of_services:
                candidates |= self._all_configurations(key)
            self._clear(key, candidates, configurations, revisions, wall=wall)
        for name in revisions:
            self._write_revision(name, key, add=True, wall=wall)
        for name in configurations:
            self._write_configuration(name, key, add=True)
        return Result()

    def _remember(self, key: Key, route: Route) -> None:
        """Note whether the Route is a Service's: it is never written to other Configurations than
        its targets', so there is no need to look at all of the namespace."""
        if keys.SERVICE in route.metadata.labels:
            self._of_services[key] = None
        else:
            self._of_services.pop(key, None)

    def _left_by(self, key: Key) -> dict[str, None]:
        """The Configurations that a Route which is no more may have been written to."""
        targets = self._tracker.references(key)
        self._tracker.track(key, ())
        if key not in self._of_services:
            return self._all_configurations(key)
        del self._of_services[key]
        return {name: None for model, _, name in targets if model is Configuration}

    def _targets(self, key: Key, route: Route) -> tuple[dict[str, None], dict[str, None]]:
        """Configurations and Revisions of spec and status; with `latestRevision` the latest
        created one too, so that it is reachable before it is ready."""
        configurations: dict[str, None] = {}
        revisions: dict[str, None] = {}
        looked_at: dict[tuple[type[Configuration | Revision], str, str], None] = {}
        for target in (*route.status.traffic, *route.spec.traffic):
            configuration = target.configuration_name or ""
            if target.revision_name:
                looked_at[(Revision, key.namespace, target.revision_name)] = None
                revision = self._store.entry(Revision, target.revision_name, key.namespace)
                if revision is None:
                    continue
                revisions[target.revision_name] = None
                if revision.owner_kind == Configuration.KIND:
                    configuration = revision.owner_name
            if not configuration:
                continue
            looked_at[(Configuration, key.namespace, configuration)] = None
            found = self._store.find(Configuration, configuration, key.namespace)
            if found is None:
                continue
            configurations[configuration] = None
            created = found.status.latest_created_revision_name
            if created and target.latest_revision:
                revisions[created] = None
        self._tracker.track(key, looked_at)
        return configurations, revisions

    def _all_configurations(self, key: Key) -> dict[str, None]:
        return {
            each.metadata.name: None
            for each in self._store.list(Configuration, key.namespace)
            if key.name in routes_of(each.metadata)
        }

    def _clear(
        self,
        key: Key,
        candidates: dict[str, None],
        configurations: dict[str, None],
        revisions: dict[str, None],
        *,
        wall: str,
    ) -> None:
        for name in candidates:
            configuration = self._store.find(Configuration, name, key.namespace)
            if configuration is None:
                continue
            for revision in self._store.owned(Revision, configuration):
                if revision.metadata.name not in revisions and key.name in routes_of(
                    revision.metadata
                ):
                    self._write_revision(revision.metadata.name, key, add=False, wall=wall)
            if name not in configurations:
                self._write_configuration(name, key, add=False)

    def _write_revision(self, name: str, key: Key, *, add: bool, wall: str) -> None:
        revision = self._store.find(Revision, name, key.namespace)
        if revision is None:
            return
        change = with_route if add else without_route
        metadata = with_routing_state(change(revision.metadata, key.name), wall=wall)
        if metadata is not revision.metadata:
            self._store.update(revision.replaced(metadata=metadata))

    def _write_configuration(self, name: str, key: Key, *, add: bool) -> None:
        configuration = self._store.find(Configuration, name, key.namespace)
        if configuration is None:
            return
        change = with_route if add else without_route
        metadata = change(configuration.metadata, key.name)
        if metadata is not configuration.metadata:
            self._store.update(configuration.replaced(metadata=metadata))


def _is_settled(route: Route) -> bool:
    """Ready or failed with its present spec; while it is neither, the old traffic may go on."""
    ready = find_condition(route.status.conditions, "Ready")
    observed = route.status.observed_generation == route.metadata.generation
    return observed and ready is not None and ready.status != UNKNOWN
