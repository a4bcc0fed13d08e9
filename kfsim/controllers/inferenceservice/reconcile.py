"""Makes an InferenceService's children and reads them back into its status.

Order: read the Knative Services (which moves the canary's R and P), plan, write what the plan
wants, then conditions, ingress and modelStatus from what is there now. A spec that cannot be
served changes no child and is not tried again before something is written.
"""

from collections.abc import Mapping
from typing import Final

from kfsim.api import core
from kfsim.api.conditions import FALSE, ConditionManager, find_condition, is_false, is_true
from kfsim.api.istio import VirtualService
from kfsim.api.knative_serving import Addressable, Configuration, Service
from kfsim.api.kserve import (
    ClusterServingRuntime,
    ComponentStatus,
    InferenceService,
    InferenceServiceStatus,
    ServingRuntime,
)
from kfsim.api.kserve_keys import (
    DEPLOYMENT_MODE,
    ENABLE_TAG_ROUTING,
    KNATIVE,
    STANDARD,
    STOP,
)
from kfsim.api.meta import Object
from kfsim.api.runtime_selection import collect_runtimes
from kfsim.base.clock import Clock, format_timestamp
from kfsim.controllers.inferenceservice.canary import make_traffic
from kfsim.controllers.inferenceservice.children import Children, NotOwned
from kfsim.controllers.inferenceservice.ingress import (
    IngressConfig,
    components_of,
    entry_component,
    external_host,
    first_not_ready,
    mark_ingress,
    service_address,
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
    make_plan,
    service_name,
)
from kfsim.controllers.inferenceservice.resources import (
    make_placeholder,
    make_service,
    make_virtual_service,
)
from kfsim.controllers.inferenceservice.runtime_users import RuntimeName, RuntimeUsers
from kfsim.controllers.inferenceservice.status import (
    COMPONENT_CONDITIONS,
    CONDITIONS,
    INFO,
    INGRESS_READY,
    STOPPED,
    forget_component,
    is_settled,
    mark_cross_component,
    propagate_component,
    propagate_conditions,
    rollout_of,
    severity_of,
    stopped_status,
)
from kfsim.controllers.runtime import Key, Recorder, Result
from kfsim.store import Store

_ALL_COMPONENTS: Final = (PREDICTOR, TRANSFORMER, EXPLAINER)
_REVISION: Final = "serving.knative.dev/revision"


class InferenceServiceReconciler:
    """One per cluster."""

    def __init__(
        self, *, store: Store, clock: Clock, recorder: Recorder, ingress: IngressConfig
    ) -> None:
        self._store = store
        self._clock = clock
        self._recorder = recorder
        self._ingress = ingress
        self._children = Children(store)
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
        components = {name: self._component_status(isvc, name, services) for name in services}
        plan = make_plan(isvc, self._runtimes(isvc.metadata.namespace))
        self._note_runtime(key, plan)
        failures = {failure.component: failure for failure in plan.failures}
        for component in plan.components:
            failure = self._write_component(isvc, component, components, services)
            if failure is not None:
                failures[component.component] = failure
        self._remove_others(isvc)
        self._write_status(isvc, plan, failures, components, services)
        return Result()

    # Children

    def _services(self, isvc: InferenceService) -> dict[str, Service]:
        """The Knative Services that exist for components of the spec."""
        found: dict[str, Service] = {}
        for component in components_of(isvc):
            name = service_name(isvc.metadata.name, component)
            service = self._store.find(Service, name, isvc.metadata.namespace)
            if service is not None:
                found[component] = service
        return found

    def _component_status(
        self, isvc: InferenceService, component: str, services: Mapping[str, Service]
    ) -> ComponentStatus:
        service = services[component]
        old = isvc.status.components.get(component, ComponentStatus())
        configuration = self._store.find(
            Configuration, service.metadata.name, service.metadata.namespace
        )
        return propagate_component(old, service, settled=is_settled(service, configuration))

    def _runtimes(self, namespace: str) -> tuple[object, ...]:
        return collect_runtimes(
            self._store.list(ServingRuntime, namespace), self._store.list(ClusterServingRuntime)
        )

    def _write_component(
        self,
        isvc: InferenceService,
        plan: ComponentPlan,
        components: Mapping[str, ComponentStatus],
        services: dict[str, Service],
    ) -> ComponentFailure | None:
        """Puts what is stored now into `services`."""
        status = components.get(plan.component, ComponentStatus())
        tagging = plan.annotations.get(ENABLE_TAG_ROUTING) == "true"
        traffic = make_traffic(
            plan.spec.canary_traffic_percent, rollout_of(status), tag_routing=tagging
        )
        try:
            services[plan.component] = self._children.apply(
                isvc, make_service(isvc, plan, traffic)
            )
        except NotOwned as error:
            return ComponentFailure(plan.component, "NotOwned", str(error))
        return None

    def _remove_others(self, isvc: InferenceService) -> None:
        wanted = {service_name(isvc.metadata.name, c) for c in components_of(isvc)}
        self._children.remove(isvc, Service, keep=wanted)

    def _stop(self, isvc: InferenceService) -> None:
        for model in (Service, VirtualService, core.Service):
            self._children.remove(isvc, model, keep=())
        wall = format_timestamp(self._clock.wall())
        self._store_status(isvc, stopped_status(isvc.status, wall=wall))
