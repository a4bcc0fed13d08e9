"""Resolves a Route's traffic and keeps its Ingress, its Services and its status."""

from collections.abc import Callable, Mapping

from kfsim.api import core
from kfsim.api.conditions import TRUE, ConditionManager
from kfsim.api.knative import keys
from kfsim.api.knative.internal import Ingress
from kfsim.api.knative.serving import (
    Addressable,
    Configuration,
    Revision,
    Route,
    RouteStatus,
    TrafficTarget,
)
from kfsim.api.meta import is_controlled_by
from kfsim.base.clock import Clock, format_timestamp
from kfsim.base.local_hosts import cluster_local_host
from kfsim.controllers.route import status
from kfsim.controllers.route.resources import (
    LOCAL_GATEWAY,
    Visibility,
    host_of,
    is_local,
    make_ingress,
    make_placeholder,
    with_gateway,
)
from kfsim.controllers.runtime import (
    ClusterConfig,
    Key,
    Recorder,
    Result,
    Settled,
    Tracker,
    version_of,
)
from kfsim.controllers.runtime.tracker import Reference
from kfsim.store import Store
from kfsim.traffic import DEFAULT_TARGET, HostNames, Resolution, resolve_traffic, url_of


class RouteReconciler:
    """One Route at a time. The tracker learns which Configurations and Revisions it looked at."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        recorder: Recorder,
        tracker: Tracker,
        config: ClusterConfig,
        gateway_port: Callable[[], int],
    ) -> None:
        self._store = store
        self._clock = clock
        self._recorder = recorder
        self._settled = Settled()
        self._services: dict[Key, tuple[str, ...]] = {}
        self._tracker = tracker
        self._config = config
        self._gateway_port = gateway_port

    def reconcile(self, key: Key) -> Result:
        if self._settled.is_settled(key, self._inputs(key)):
            return Result()
        route = self._store.find(Route, key.name, key.namespace)
        if route is None or route.metadata.deletion_timestamp is not None:
            self._tracker.track(key, ())
            self._settled.forget(key)
            self._services.pop(key, None)
            return Result()
        wall = format_timestamp(self._clock.wall())
        old = route.status
        conditions = status.CONDITIONS.manager(old.conditions, wall=wall)
        generation = route.metadata.generation
        conditions.observe_generation(generation=generation, observed=old.observed_generation)
        if generation != old.observed_generation:
            status.mark_ingress_not_configured(conditions)
        reported = self._reconcile_traffic(key, route, conditions)
        self._store.update_status(
            route.replaced(
                status=reported.replaced(
                    observed_generation=generation, conditions=conditions.result()
                )
            )
        )
        self._settled.settle(key, self._inputs(key))
        return Result()

    def _inputs(self, key: Key) -> tuple[int, ...]:
        """Versions of all that is read: the tracked targets, the Route and its children."""
        references: list[Reference] = [
            *self._tracker.references(key),
            (Route, key.namespace, key.name),
            (Ingress, key.namespace, key.name),
            *((core.Service, key.namespace, name) for name in self._services.get(key, ())),
        ]
        versions = (
            version_of(self._store, model, name, namespace) for model, namespace, name in references
        )
        config = self._config
        return (self._gateway_port(), config.domain.version, config.network.version, *versions)

    @property
    def _names(self) -> HostNames:
        return HostNames(self._config.domain(), self._config.network())

    def _reconcile_traffic(
        self, key: Key, route: Route, conditions: ConditionManager
    ) -> RouteStatus:
        resolution = self._resolve(key, route)
        self._services[key] = tuple(
            self._names.tagged_name(route.metadata.name, tag)
            for tag in (DEFAULT_TARGET, *resolution.by_tag)
        )
        visibility = self._visibility(route, resolution)
        reported = route.status.replaced(url=self._url(route, DEFAULT_TARGET, visibility))
        if resolution.problem is not None:
            status.mark_problem(conditions, resolution.problem)
            return reported  # the Ingress goes on with the last traffic that could be assigned
        conditions.mark_true(status.ALL_TRAFFIC_ASSIGNED)
        local = cluster_local_host(route.metadata.name, route.metadata.namespace)
        reported = reported.replaced(
            traffic=self._traffic(route, resolution, visibility),
            address=Addressable(url=url_of(local)),
        )
        placeholders = self._placeholders(route, resolution, visibility, conditions)
        if placeholders is None:
            return reported
        status.mark_tls_not_enabled(conditions)
        ingress = self._ingress(route, resolution, visibility, conditions)
        if ingress is None:
            return reported
        if ingress.metadata.generation != ingress.status.observed_generation:
            status.mark_ingress_not_configured(conditions)
        else:
            status.propagate_ingress(conditions, ingress.status)
        ready = conditions.get(status.INGRESS_READY)
        if ready is not None and ready.status == TRUE:
            for placeholder in placeholders:
                if placeholder.spec.external_name != LOCAL_GATEWAY:
                    self._store.update(with_gateway(placeholder))
        return reported

    def _resolve(self, key: Key, route: Route) -> Resolution:
        namespace = route.metadata.namespace
        resolution = resolve_traffic(
            route.spec.traffic,
            find_configuration=lambda name: self._store.find(Configuration, name, namespace),
            find_revision=lambda name: self._store.find(Revision, name, namespace),
            service=route.metadata.labels.get(keys.SERVICE, ""),
        )
        self._tracker.track(
            key,
            [
                *((Configuration, namespace, name) for name in resolution.configurations),
                *((Revision, namespace, name) for name in resolution.revisions),
            ],
        )
        return resolution

    def _visibility(self, route: Route, resolution: Resolution) -> Mapping[str, Visibility]:
        """A label on the Route takes all of it off the gateway, one on a placeholder its tag."""
        namespace = route.metadata.namespace
        found: dict[str, Visibility] = {}
        for tag in (DEFAULT_TARGET, *resolution.by_tag):
            name = self._names.tagged_name(route.metadata.name, tag)
            entry = self._store.entry(core.Service, name, namespace)
            local = is_local(route.metadata.labels) or (
                entry is not None and is_local(entry.labels)
            )
            found[tag] = Visibility.CLUSTER_LOCAL if local else Visibility.EXTERNAL
        return found

    def _url(self, route: Route, tag: str, visibility: Mapping[str, Visibility]) -> str:
        host = host_of(route, tag, visibility=visibility[tag], names=self._names)
        if visibility[tag] is Visibility.CLUSTER_LOCAL:
            return url_of(host)
        return url_of(host, self._gateway_port())

    def _traffic(
        self, route: Route, resolution: Resolution, visibility: Mapping[str, Visibility]
    ) -> tuple[TrafficTarget, ...]:
        return tuple(
            TrafficTarget(
                tag=target.tag or None,
                revision_name=target.revision,
                latest_revision=target.latest_revision,
                percent=target.percent,
                url=self._url(route, target.tag, visibility) if target.tag else None,
            )
            for target in resolution.assigned
        )

    def _placeholders(
        self,
        route: Route,
        resolution: Resolution,
        visibility: Mapping[str, Visibility],
        conditions: ConditionManager,
    ) -> tuple[core.Service, ...] | None:
        """One Service per tag; Services of former tags go. None when a name is another's."""
        namespace = route.metadata.namespace
        kept: dict[str, core.Service] = {}
        for tag in sorted(resolution.by_tag):
            name = self._names.tagged_name(route.metadata.name, tag)
            found = self._store.find(core.Service, name, namespace)
            if found is None:
                host = host_of(route, tag, visibility=visibility[tag], names=self._names)
                found = self._store.create(make_placeholder(route, name, host=host))
            elif not is_controlled_by(found, route):
                status.mark_not_owned(conditions, "placeholder Service", name)
                return None
            kept[name] = found
        for service in self._store.owned(core.Service, route):
            if service.metadata.name not in kept:
                self._store.delete(core.Service, service.metadata.name, namespace)
        return tuple(kept.values())

    def _ingress(
        self,
        route: Route,
        resolution: Resolution,
        visibility: Mapping[str, Visibility],
        conditions: ConditionManager,
    ) -> Ingress | None:
        metadata = route.metadata
        wanted = make_ingress(route, resolution, visibility, names=self._names)
        found = self._store.find(Ingress, metadata.name, metadata.namespace)
        if found is None:
            created = self._store.create(wanted)
            self._recorder.normal(route, "Created", f'Created Ingress "{metadata.name}"')
            return created
        if not is_controlled_by(found, route):
            status.mark_not_owned(conditions, Ingress.KIND, metadata.name)
            return None
        same = (
            found.spec == wanted.spec
            and found.metadata.labels == wanted.metadata.labels
            and found.metadata.annotations == wanted.metadata.annotations
        )
        if same:
            return found
        kept = found.metadata.replaced(
            labels=wanted.metadata.labels, annotations=wanted.metadata.annotations
        )
        return self._store.update(found.replaced(metadata=kept, spec=wanted.spec))
