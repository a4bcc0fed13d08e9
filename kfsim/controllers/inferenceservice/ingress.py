"""Host, URL and address of an InferenceService, and when its VirtualService may be written.

KServe derives the host from the component's URL by cutting `-predictor` out of it, which breaks
names that contain that text; here the component's whole name gives way to the service's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from kfsim.api.compat import CURRENT, Profile
from kfsim.api.conditions import FALSE, TRUE, ConditionManager
from kfsim.api.kfserving.servers import V2
from kfsim.api.kserve.keys import CLUSTER_LOCAL
from kfsim.api.kserve.types import ComponentStatus, InferenceService
from kfsim.base.local_hosts import cluster_local_host
from kfsim.controllers.inferenceservice.kfserving_servers import predictor_protocol
from kfsim.controllers.inferenceservice.plan import EXPLAINER, PREDICTOR, TRANSFORMER
from kfsim.controllers.inferenceservice.status import COMPONENT_CONDITIONS, INGRESS_READY

_HTTP_PORT = 80


@dataclass(frozen=True, slots=True)
class IngressConfig:
    """The default domain, and the port that the gateway listens on (it may change on restart)."""

    domain: str
    gateway_port: Callable[[], int]
    profile: Profile = CURRENT


def components_of(isvc: InferenceService) -> tuple[str, ...]:
    """In the order in which their readiness is asked."""
    spec = isvc.spec
    return (
        PREDICTOR,
        *((TRANSFORMER,) if spec.transformer is not None else ()),
        *((EXPLAINER,) if spec.explainer is not None else ()),
    )


def entry_component(isvc: InferenceService) -> str:
    """Requests enter at the transformer where there is one."""
    return TRANSFORMER if isvc.spec.transformer is not None else PREDICTOR


def external_host(
    isvc: InferenceService, components: Mapping[str, ComponentStatus], config: IngressConfig
) -> str | None:
    """`NAME.NAMESPACE.DOMAIN`; None when the service is visible in the cluster only."""
    name, namespace = isvc.metadata.name, isvc.metadata.namespace
    if isvc.metadata.labels.get(config.profile.visibility) == CLUSTER_LOCAL:
        return None
    component = entry_component(isvc)
    url = components.get(component, ComponentStatus()).url or ""
    entry_host = urlsplit(url).hostname or ""
    entry_name = config.profile.service_name(name, component)
    host = f"{name}.{namespace}.{config.domain}"
    if entry_name in entry_host:  # as config-domain and config-network made it
        host = entry_host.replace(entry_name, name, 1)
    return None if host == cluster_local_host(name, namespace) else host


def service_url(host: str | None, isvc: InferenceService, config: IngressConfig) -> str:
    """The URL that a client uses; the port is left out when it is HTTP's own."""
    if host is None:
        return service_address(isvc)
    port = config.gateway_port()
    return f"http://{host}" if port == _HTTP_PORT else f"http://{host}:{port}"


def service_address(isvc: InferenceService) -> str:
    return f"http://{cluster_local_host(isvc.metadata.name, isvc.metadata.namespace)}"


def reported_address(isvc: InferenceService, profile: Profile) -> str:
    """What status.address says: the service, or in KFServing its model (PredictPath)."""
    address = service_address(isvc)
    if not profile.address_has_path:
        return address
    name = isvc.metadata.name
    if predictor_protocol(isvc.spec.predictor) == V2:
        return f"{address}/v2/models/{name}/infer"
    return f"{address}/v1/models/{name}:predict"


def first_not_ready(manager: ConditionManager, isvc: InferenceService) -> str | None:
    """The component that keeps the VirtualService from being written."""
    for component in components_of(isvc):
        found = manager.get(COMPONENT_CONDITIONS[component].ready)
        if found is None or found.status != TRUE:
            return component
    return None


def mark_ingress(
    manager: ConditionManager, isvc: InferenceService, *, routed: bool, waiting_for: str | None
) -> None:
    """True once there is a route (`routed`), even while a component is being replaced."""
    if routed:
        manager.mark_true(INGRESS_READY)
        return
    component = waiting_for or PREDICTOR
    reason = f"{component.capitalize()} ingress not created"
    found = manager.get(COMPONENT_CONDITIONS[component].ready)
    if found is not None and found.status == FALSE:
        manager.mark_false(INGRESS_READY, reason, "")
    else:
        manager.mark_unknown(INGRESS_READY, reason, "")
