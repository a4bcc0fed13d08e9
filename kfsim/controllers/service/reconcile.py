"""Keeps a Service's Configuration and Route, and the Service's status."""

from typing import TypeVar

from kfsim.api.conditions import ConditionManager, is_true
from kfsim.api.knative import keys
from kfsim.api.knative.defaults import default_service
from kfsim.api.knative.serving import Configuration, Revision, Route, Service
from kfsim.api.meta import Object, is_controlled_by
from kfsim.base.clock import Clock, format_timestamp
from kfsim.controllers.runtime import ClusterConfig, Key, Recorder, Result, Settled, version_of
from kfsim.controllers.service import status
from kfsim.controllers.service.resources import make_configuration, make_route
from kfsim.store import Store

ChildT = TypeVar("ChildT", Configuration, Route)
_Content = tuple[int, int, dict[str, str], dict[str, str], int, dict[str, str], dict[str, str]]


class ServiceReconciler:
    """One Service at a time."""

    def __init__(
        self, *, store: Store, clock: Clock, recorder: Recorder, config: ClusterConfig
    ) -> None:
        self._store = store
        self._clock = clock
        self._recorder = recorder
        self._config = config
        self._settled = Settled()
        self._equal: dict[tuple[str, Key], _Content] = {}

    def reconcile(self, key: Key) -> Result:
        if self._settled.is_settled(key, self._inputs(key)):
            return Result()
        service = self._store.find(Service, key.name, key.namespace)
        if service is None or service.metadata.deletion_timestamp is not None:
            self._settled.forget(key)
            for kind in (Configuration.KIND, Route.KIND):
                self._equal.pop((kind, key), None)
            return Result()
        wall = format_timestamp(self._clock.wall())
        conditions = status.CONDITIONS.manager(service.status.conditions, wall=wall)
        generation = service.metadata.generation
        conditions.observe_generation(
            generation=generation, observed=service.status.observed_generation
        )
        reported = self._reconcile_children(service, conditions)
        self._store.update_status(
            reported.replaced(
                status=reported.status.replaced(
                    observed_generation=generation, conditions=conditions.result()
                )
            )
        )
        if not service.spec.template.metadata.name:  # else a Revision has been looked at as well
            self._settled.settle(key, self._inputs(key))
        return Result()

    def _inputs(self, key: Key) -> tuple[int, ...]:
        versions = (
            version_of(self._store, model, key.name, key.namespace)
            for model in (Service, Configuration, Route)
        )
        return (self._config.defaults.version, *versions)

    def _defaulted(self, service: Service) -> Service:
        return default_service(service, defaults=self._config.defaults())

    def _reconcile_children(self, service: Service, conditions: ConditionManager) -> Service:
        """The Service with what its children report; stops early where Knative does."""
        configuration = self._configuration(service, conditions)
        if configuration is None:
            return service
        is_observed = _is_observed(configuration, configuration.status.observed_generation)
        if not is_observed:
            status.mark_not_reconciled(conditions, status.CONFIGURATIONS_READY, Configuration.KIND)
            if configuration.spec.template.metadata.name:
                return service  # a revision with a given name exists before it gets traffic
        else:
            service = _with_revisions(service, configuration)
            status.propagate_readiness(
                conditions, status.CONFIGURATIONS_READY, configuration.status
            )
        if self._is_revision_name_taken(configuration):
            status.mark_revision_name_taken(conditions, configuration.spec.template.metadata.name)
            return service
        route = self._route(service, conditions)
        if route is None:
            return service
        if not _is_observed(route, route.status.observed_generation):
            status.mark_not_reconciled(conditions, status.ROUTES_READY, Route.KIND)
            return service
        status.propagate_readiness(conditions, status.ROUTES_READY, route.status)
        if is_true(route.status.conditions) and not status.is_traffic_migrated(
            configuration, route
        ):
            status.mark_route_not_yet_ready(conditions)
        return _with_traffic(service, route)

    def _configuration(
        self, service: Service, conditions: ConditionManager
    ) -> Configuration | None:
        metadata = service.metadata
        found = self._store.find(Configuration, metadata.name, metadata.namespace)
        if found is None:
            created = self._store.create(make_configuration(self._defaulted(service)))
            self._recorder.normal(service, "Created", f'Created Configuration "{metadata.name}"')
            return created
        if not is_controlled_by(found, service):
            status.mark_not_owned(
                conditions, status.CONFIGURATIONS_READY, Configuration.KIND, metadata.name
            )
            return None
        if self._is_known(service, found):
            return found
        wanted = make_configuration(self._defaulted(service), found)
        return self._kept_equal(service, found, wanted)

    def _route(self, service: Service, conditions: ConditionManager) -> Route | None:
        metadata = service.metadata
        found = self._store.find(Route, metadata.name, metadata.namespace)
        if found is None:
            created = self._store.create(make_route(self._defaulted(service)))
            self._recorder.normal(service, "Created", f'Created Route "{metadata.name}"')
            return created
        if not is_controlled_by(found, service):
            status.mark_not_owned(conditions, status.ROUTES_READY, Route.KIND, metadata.name)
            return None
        if self._is_known(service, found):
            return found
        return self._kept_equal(service, found, make_route(self._defaulted(service)))

    def _is_known(self, service: Service, child: Configuration | Route) -> bool:
        """Whether the child was found equal before, and neither has changed since."""
        return self._equal.get(_identity(child)) == self._content(service, child)

    def _content(self, service: Service, child: Configuration | Route) -> _Content:
        """What a Service wants of its child and what the child is, specs by their generations."""
        return (
            self._config.defaults.version,
            service.metadata.generation,
            service.metadata.labels,
            service.metadata.annotations,
            child.metadata.generation,
            child.metadata.labels,
            child.metadata.annotations,
        )

    def _kept_equal(self, service: Service, found: ChildT, wanted: ChildT) -> ChildT:
        """Bring spec, labels and annotations of the child back to what the Service wants."""
        same = (
            found.spec == wanted.spec
            and found.metadata.labels == wanted.metadata.labels
            and found.metadata.annotations == wanted.metadata.annotations
        )
        if not same:
            metadata = found.metadata.replaced(
                labels=wanted.metadata.labels, annotations=wanted.metadata.annotations
            )
            found = self._store.update(found.replaced(metadata=metadata, spec=wanted.spec))
        self._equal[_identity(found)] = self._content(service, found)
        return found

    def _is_revision_name_taken(self, configuration: Configuration) -> bool:
        """Whether the name the template gives belongs to another revision than this one."""
        template = configuration.spec.template
        if not template.metadata.name:
            return False
        namespace = configuration.metadata.namespace
        revision = self._store.find(Revision, template.metadata.name, namespace)
        if revision is None:
            return False
        if not is_controlled_by(revision, configuration):
            return True
        generation = revision.metadata.labels.get(keys.CONFIGURATION_GENERATION)
        is_current = generation == str(configuration.metadata.generation)
        return not is_current and revision.spec != template.spec


def _identity(child: Configuration | Route) -> tuple[str, Key]:
    return (child.KIND, Key(child.metadata.namespace, child.metadata.name))


def _is_observed(obj: Object, observed: int | None) -> bool:
    return obj.metadata.generation == observed


def _with_revisions(service: Service, configuration: Configuration) -> Service:
    return service.replaced(
        status=service.status.replaced(
            latest_created_revision_name=configuration.status.latest_created_revision_name,
            latest_ready_revision_name=configuration.status.latest_ready_revision_name,
        )
    )


def _with_traffic(service: Service, route: Route) -> Service:
    return service.replaced(
        status=service.status.replaced(
            url=route.status.url, address=route.status.address, traffic=route.status.traffic
        )
    )
