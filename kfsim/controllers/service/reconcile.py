"""Keeps a Service's Configuration and Route, and the Service's status."""

from typing import TypeVar

from kfsim.api import knative_keys as keys
from kfsim.api.conditions import ConditionManager, is_true
from kfsim.api.knative_defaults import default_service
from kfsim.api.knative_serving import Configuration, Revision, Route, Service
from kfsim.api.meta import Object, is_controlled_by
from kfsim.base.clock import Clock, format_timestamp
from kfsim.controllers.runtime import Key, Recorder, Result
from kfsim.controllers.service import status
from kfsim.controllers.service.resources import make_configuration, make_route
from kfsim.store import Store

ChildT = TypeVar("ChildT", Configuration, Route)


class ServiceReconciler:
    """One Service at a time."""

    def __init__(self, *, store: Store, clock: Clock, recorder: Recorder) -> None:
        self._store = store
        self._clock = clock
        self._recorder = recorder

    def reconcile(self, key: Key) -> Result:
        service = self._store.find(Service, key.name, key.namespace)
        if service is None or service.metadata.deletion_timestamp is not None:
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
        return Result()

    def _reconcile_children(self, service: Service, conditions: ConditionManager) -> Service:
        """The Service with what its children report; stops early where Knative does."""
        defaulted = default_service(service)
        configuration = self._configuration(defaulted, conditions)
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
        route = self._route(defaulted, conditions)
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
        wanted = make_configuration(service, found)
        if found is None:
            created = self._store.create(wanted)
            self._recorder.normal(service, "Created", f'Created Configuration "{metadata.name}"')
            return created
        if not is_controlled_by(found, service):
            status.mark_not_owned(
                conditions, status.CONFIGURATIONS_READY, Configuration.KIND, metadata.name
            )
            return None
        return self._kept_equal(found, wanted)

    def _route(self, service: Service, conditions: ConditionManager) -> Route | None:
        metadata = service.metadata
        found = self._store.find(Route, metadata.name, metadata.namespace)
        wanted = make_route(service)
        if found is None:
            created = self._store.create(wanted)
            self._recorder.normal(service, "Created", f'Created Route "{metadata.name}"')
            return created
        if not is_controlled_by(found, service):
            status.mark_not_owned(conditions, status.ROUTES_READY, Route.KIND, metadata.name)
            return None
        return self._kept_equal(found, wanted)

    def _kept_equal(self, found: ChildT, wanted: ChildT) -> ChildT:
        """Bring spec, labels and annotations of the child back to what the Service wants."""
        same = (
            found.spec == wanted.spec
            and found.metadata.labels == wanted.metadata.labels
            and found.metadata.annotations == wanted.metadata.annotations
        )
        if same:
            return found
        metadata = found.metadata.replaced(
            labels=wanted.metadata.labels, annotations=wanted.metadata.annotations
        )
        return self._store.update(found.replaced(metadata=metadata, spec=wanted.spec))

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
