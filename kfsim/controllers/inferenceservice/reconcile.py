"""Makes an InferenceService's children and reads them back into its status.

Order: read the Knative Services (which moves the canary's R and P), plan, write what the plan
wants, then conditions, ingress and modelStatus from what is there now. A spec that cannot be
served changes no child and is not tried again before something is written.
"""

from collections.abc import Callable, Mapping
from typing import Final

from kfsim.api import core
from kfsim.api.apps import Deployment
from kfsim.api.conditions import ConditionManager, is_true
from kfsim.api.istio import VirtualService
from kfsim.api.knative.serving import Addressable, Configuration, Service
from kfsim.api.kserve.keys import (
    DEPLOYMENT_MODE,
    KNATIVE,
    ROLLOUT_DURATION,
    STOP,
)
from kfsim.api.kserve.types import (
    ComponentStatus,
    InferenceService,
    InferenceServiceStatus,
)
from kfsim.api.names import child_name
from kfsim.api.substitution import LocalMaps
from kfsim.base.clock import Clock, format_timestamp
from kfsim.controllers.inferenceservice.canary import make_traffic
from kfsim.controllers.inferenceservice.children import Children, NotOwned
from kfsim.controllers.inferenceservice.events import report_changes
from kfsim.controllers.inferenceservice.ingress import (
    IngressConfig,
    components_of,
    entry_component,
    external_host,
    first_not_ready,
    mark_ingress,
    reported_address,
    service_url,
)
from kfsim.controllers.inferenceservice.model_status import invalid_spec, observe_model
from kfsim.controllers.inferenceservice.plan import (
    EXPLAINER,
    PREDICTOR,
    TRANSFORMER,
    ComponentFailure,
    ComponentPlan,
    Plan,
)
from kfsim.controllers.inferenceservice.planner import Planner
from kfsim.controllers.inferenceservice.resources import (
    make_placeholder,
    make_service,
    make_virtual_service,
)
from kfsim.controllers.inferenceservice.runtime_users import RuntimeName, RuntimeUsers
from kfsim.controllers.inferenceservice.status import (
    CONDITIONS,
    INFO,
    INGRESS_READY,
    STOPPED,
    forget_component,
    is_settled,
    mark_cross_component,
    mark_failed,
    propagate_component,
    propagate_conditions,
    rollout_of,
    stopped_status,
)
from kfsim.controllers.runtime import Key, Recorder, Result
from kfsim.store import Store

_ALL_COMPONENTS: Final = (PREDICTOR, TRANSFORMER, EXPLAINER)


class InferenceServiceReconciler:
    """One per cluster."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        recorder: Recorder,
        ingress: IngressConfig,
        maps: Callable[[], LocalMaps] = LocalMaps,
        strict: bool = False,
    ) -> None:
        self._store = store
        self._clock = clock
        self._recorder = recorder
        self._ingress = ingress
        self._children = Children(store)
        self._profile = ingress.profile
        self._planner = Planner(store, maps, strict=strict, profile=self._profile)
        self.users = RuntimeUsers()

    def reconcile(self, key: Key) -> Result:
        isvc = self._store.find(InferenceService, key.name, key.namespace)
        if isvc is None or isvc.metadata.deletion_timestamp is not None:
            self.users.forget(key)
            return Result()
        if isvc.metadata.annotations.get(STOP, "").lower() == "true":
            self._stop(isvc)
            return Result()
        services = self._services(isvc)
        # Read before anything is written: a Service just written no longer answers its spec.
        components = {name: self._observed(isvc, name, found) for name, found in services.items()}
        plan = self._planner.plan(isvc)
        self._note_runtime(key, plan)
        failures = {failure.component: failure for failure in plan.failures}
        for component in plan.components:
            try:
                services[component.component] = self._write_service(isvc, component, components)
            except NotOwned as error:
                failures[component.component] = ComponentFailure(
                    component.component, "NotOwned", str(error)
                )
        wanted = {self._profile.service_name(isvc.metadata.name, c) for c in components_of(isvc)}
        self._children.remove(isvc, Service, keep=wanted)
        for name in services:
            components.setdefault(name, ComponentStatus())
        self._write_status(isvc, plan, failures, services, components)
        return Result()

    # Children

    def _services(self, isvc: InferenceService) -> dict[str, Service]:
        """The Knative Services that exist for components of the spec."""
        name, namespace = isvc.metadata.name, isvc.metadata.namespace
        found = {
            component: self._store.find(
                Service, self._profile.service_name(name, component), namespace
            )
            for component in components_of(isvc)
        }
        return {component: service for component, service in found.items() if service is not None}

    def _observed(
        self, isvc: InferenceService, component: str, service: Service
    ) -> ComponentStatus:
        old = isvc.status.components.get(component, ComponentStatus())
        configuration = self._store.find(
            Configuration, service.metadata.name, service.metadata.namespace
        )
        return propagate_component(
            old, service, settled=is_settled(service, configuration), profile=self._profile
        )

    def _note_runtime(self, key: Key, plan: Plan) -> None:
        if plan.selection is None:
            self.users.forget(key)
        elif plan.selection.chosen is None:
            self.users.miss(key)
        else:
            chosen = plan.selection.chosen
            namespace = "" if chosen.cluster_scoped else key.namespace
            self.users.use(key, RuntimeName(namespace, chosen.name))

    def _write_service(
        self, isvc: InferenceService, plan: ComponentPlan, known: Mapping[str, ComponentStatus]
    ) -> Service:
        status = known.get(plan.component, ComponentStatus())
        traffic = make_traffic(
            plan.spec.canary_traffic_percent,
            rollout_of(status),
            tag_routing=plan.annotations.get(self._profile.tag_routing) == "true",
            latest_ready=status.latest_ready_revision or "",
            profile=self._profile,
        )
        desired = make_service(isvc, plan, traffic, profile=self._profile)
        return self._children.apply(isvc, desired, owned_annotations=(ROLLOUT_DURATION,))

    def _stop(self, isvc: InferenceService) -> None:
        for model in (Service, VirtualService, core.Service):
            self._children.remove(isvc, model, keep=())
        mode = isvc.metadata.annotations.get(DEPLOYMENT_MODE, KNATIVE)
        status = stopped_status(isvc.status, wall=self._wall()).replaced(
            observed_generation=isvc.metadata.generation, deployment_mode=mode
        )
        self._store_status(isvc, status)

    # Status

    def _write_status(
        self,
        isvc: InferenceService,
        plan: Plan,
        failures: Mapping[str, ComponentFailure],
        services: Mapping[str, Service],
        components: Mapping[str, ComponentStatus],
    ) -> None:
        old = isvc.status
        resumed = is_true(old.conditions, STOPPED)
        manager = CONDITIONS.manager(() if resumed else old.conditions, wall=self._wall())
        manager.initialize()
        self._mark_components(manager, isvc, failures, services)
        host = external_host(isvc, components, self._ingress)
        routed = self._write_ingress(isvc, manager, components, host)
        status = old.replaced(
            observed_generation=isvc.metadata.generation,
            components=dict(components),
            conditions=manager.result(),
        )
        if routed:
            status = status.replaced(
                url=service_url(host, isvc, self._ingress),
                address=Addressable(url=reported_address(isvc, self._profile)),
            )
        if self._profile.model_status:
            mode = isvc.metadata.annotations.get(DEPLOYMENT_MODE, KNATIVE)
            status = status.replaced(deployment_mode=mode, **_runtime_names(old, plan))
            status = self._with_model_status(isvc, status, failures.get(PREDICTOR), services)
        self._store_status(isvc, status)

    def _mark_components(
        self,
        manager: ConditionManager,
        isvc: InferenceService,
        failures: Mapping[str, ComponentFailure],
        services: Mapping[str, Service],
    ) -> None:
        wanted = components_of(isvc)
        for component in _ALL_COMPONENTS:
            if component not in wanted:
                forget_component(manager, component, profile=self._profile)
            elif component in services:
                propagate_conditions(manager, component, services[component], profile=self._profile)
            if component in failures:
                failure = failures[component]
                mark_failed(manager, component, reason=failure.reason, message=failure.message)
        if self._profile.sums_conditions:
            mark_cross_component(manager, wanted)
            manager.mark_false(STOPPED, None, None, severity=INFO)

    def _write_ingress(
        self,
        isvc: InferenceService,
        manager: ConditionManager,
        components: Mapping[str, ComponentStatus],
        host: str | None,
    ) -> bool:
        """Whether requests have a way in; also marks IngressReady."""
        name, namespace = isvc.metadata.name, isvc.metadata.namespace
        waiting_for = first_not_ready(manager, isvc)
        try:
            self._children.apply(isvc, make_placeholder(isvc))
            if waiting_for is None:
                explained = isvc.spec.explainer is not None
                virtual_service = make_virtual_service(
                    isvc,
                    external_host=host,
                    backend=self._profile.service_name(name, entry_component(isvc)),
                    explainer=self._profile.service_name(name, EXPLAINER) if explained else None,
                    profile=self._profile,
                )
                self._children.apply(isvc, virtual_service)
        except NotOwned as error:
            manager.mark_false(INGRESS_READY, "NotOwned", str(error))
            return False
        has_urls = all(component in components for component in components_of(isvc)) and all(
            component.url for component in components.values()
        )
        known = self._store.find(VirtualService, name, namespace) is not None
        routed = waiting_for is None or (known and has_urls)
        mark_ingress(manager, isvc, routed=routed, waiting_for=waiting_for)
        return routed

    def _with_model_status(
        self,
        isvc: InferenceService,
        status: InferenceServiceStatus,
        failure: ComponentFailure | None,
        services: Mapping[str, Service],
    ) -> InferenceServiceStatus:
        old = status.model_status
        if failure is not None:
            if not failure.invalid_spec:
                return status
            model = invalid_spec(old, reason=failure.reason, message=failure.message)
            return status.replaced(model_status=model)
        revision = status.components[PREDICTOR].latest_created_revision or ""
        model = observe_model(
            old,
            isvc_ready=is_true(status.conditions),
            service=services.get(PREDICTOR),
            pods=self._pods(isvc.metadata.namespace, revision),
            revision=revision,
        )
        return status.replaced(model_status=model)

    def _pods(self, namespace: str, revision: str) -> tuple[core.Pod, ...]:
        """By owner, not by label: a lookup instead of a walk over all Pods."""
        name = child_name(revision, "-deployment")
        deployment = self._store.find(Deployment, name, namespace) if revision else None
        return self._store.owned(core.Pod, deployment) if deployment is not None else ()

    def _store_status(self, isvc: InferenceService, status: InferenceServiceStatus) -> None:
        if status != isvc.status:
            self._store.update_status(isvc.replaced(status=status))
            report_changes(self._recorder, isvc, status)

    def _wall(self) -> str:
        return format_timestamp(self._clock.wall())


def _runtime_names(old: InferenceServiceStatus, plan: Plan) -> dict[str, str | None]:
    """A failed selection keeps the runtime that still serves."""
    if plan.selection is None:
        return {"serving_runtime_name": None, "cluster_serving_runtime_name": None}
    chosen = plan.selection.chosen
    if chosen is None:
        return {}
    return {
        "serving_runtime_name": None if chosen.cluster_scoped else chosen.name,
        "cluster_serving_runtime_name": chosen.name if chosen.cluster_scoped else None,
    }
