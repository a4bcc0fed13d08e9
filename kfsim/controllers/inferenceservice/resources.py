"""The children of an InferenceService: Knative Services, VirtualService, placeholder Service."""

from collections.abc import Sequence
from typing import Any, Final

from kfsim.api import core
from kfsim.api.compat import CURRENT, Profile
from kfsim.api.istio import (
    Destination,
    HTTPMatchRequest,
    HTTPRewrite,
    HTTPRoute,
    HTTPRouteDestination,
    StringMatch,
    VirtualService,
    VirtualServiceSpec,
)
from kfsim.api.knative.serving import (
    RevisionSpec,
    RevisionTemplateSpec,
    Service,
    ServiceSpec,
    TrafficTarget,
)
from kfsim.api.kserve.keys import (
    DEPLOYMENT_MODE,
    NAME_HEADER,
    NAMESPACE_HEADER,
    ROLLOUT_DURATION,
    STANDARD,
)
from kfsim.api.kserve.types import ComponentSpec, InferenceService
from kfsim.api.meta import ObjectMeta, owner_reference
from kfsim.base.local_hosts import cluster_local_host
from kfsim.controllers.inferenceservice.merging import as_data
from kfsim.controllers.inferenceservice.plan import ComponentPlan

_AUTOSCALING: Final = "autoscaling.knative.dev"
_KPA: Final = "kpa.autoscaling.knative.dev"
_KPA_METRICS: Final = ("concurrency", "rps")
_LOCAL_GATEWAY: Final = "knative-serving/knative-local-gateway"
_INGRESS_GATEWAY: Final = "knative-serving/knative-ingress-gateway"
_MESH: Final = "mesh"
_LOCAL_GATEWAY_SERVICE: Final = "knative-local-gateway.istio-system.svc.cluster.local"
_EXPLAIN: Final = r"^/v1/models/[\w-]+:explain$"


def make_service(
    isvc: InferenceService,
    plan: ComponentPlan,
    traffic: Sequence[TrafficTarget],
    *,
    profile: Profile = CURRENT,
) -> Service:
    """The component's Knative Service; traffic is no part of its template."""
    annotations = {**plan.annotations, **_scaling_annotations(isvc, plan)}
    kept = {ROLLOUT_DURATION: annotations.pop(ROLLOUT_DURATION, None)}
    spec = plan.spec
    return Service(
        metadata=ObjectMeta(
            name=profile.service_name(isvc.metadata.name, plan.component),
            namespace=isvc.metadata.namespace,
            labels={**_passed_labels(isvc, spec), **plan.labels},
            annotations={key: value for key, value in kept.items() if value is not None},
            owner_references=(owner_reference(isvc),),
        ),
        spec=ServiceSpec(
            template=RevisionTemplateSpec(
                metadata=ObjectMeta(labels=dict(plan.labels), annotations=annotations),
                spec=_revision_spec(plan),
            ),
            traffic=tuple(traffic),
        ),
    )


def _revision_spec(plan: ComponentPlan) -> RevisionSpec:
    """Unset durations and concurrency are Knative's to default."""
    return RevisionSpec.model_validate(as_data(plan.pod_spec)).replaced(
        container_concurrency=plan.spec.container_concurrency,
        timeout_seconds=plan.spec.timeout,
        response_start_timeout_seconds=plan.spec.timeout,
    )


def _passed_labels(isvc: InferenceService, spec: ComponentSpec) -> dict[str, str]:
    """The Service also carries labels that its revisions must not (visibility)."""
    return {**isvc.metadata.labels, **spec.labels}


def _scaling_annotations(isvc: InferenceService, plan: ComponentPlan) -> dict[str, str]:
    """knutils.SetAutoScalingAnnotations: min-scale always, max-scale unless unlimited."""
    spec = plan.spec
    least = 1 if spec.min_replicas is None else spec.min_replicas
    if isvc.metadata.annotations.get(DEPLOYMENT_MODE) == STANDARD:
        least = max(least, 1)  # a Deployment under an HPA never goes to zero
    result = {f"{_AUTOSCALING}/min-scale": str(least)}
    given_class = plan.annotations.get(f"{_AUTOSCALING}/class")
    result[f"{_AUTOSCALING}/class"] = given_class or _KPA
    if spec.scale_metric is None or spec.scale_metric in _KPA_METRICS:
        if spec.scale_target is not None:
            result[f"{_AUTOSCALING}/target"] = str(spec.scale_target)
        if spec.scale_metric is not None:
            result[f"{_AUTOSCALING}/metric"] = spec.scale_metric
    if spec.max_replicas:
        result[f"{_AUTOSCALING}/max-scale"] = str(spec.max_replicas)
    return result


def make_virtual_service(
    isvc: InferenceService,
    *,
    external_host: str | None,
    backend: str,
    explainer: str | None,
    profile: Profile = CURRENT,
) -> VirtualService:
    """Sends the service's hosts to `backend`'s and explanations to `explainer`'s Knative Service.

    `external_host` is None for a service that is only visible in the cluster. The target is
    named by rewriting the authority to its cluster-local host.
    """
    name, namespace = isvc.metadata.name, isvc.metadata.namespace
    internal = cluster_local_host(name, namespace)
    hosts: list[tuple[str, tuple[str, ...]]] = [(internal, (_LOCAL_GATEWAY, _MESH))]
    if external_host is not None:
        hosts.append((external_host, (_INGRESS_GATEWAY,)))
    headers = _name_headers(isvc) if profile.name_headers else {}
    routes = [_route(namespace, backend, hosts, path=None, headers=headers)]
    if explainer is not None:
        routes.insert(0, _route(namespace, explainer, hosts, path=_EXPLAIN, headers=headers))
    gateways = dict.fromkeys(gateway for _, gateways in hosts for gateway in gateways)
    return VirtualService(
        metadata=ObjectMeta(
            name=name,
            namespace=namespace,
            labels=dict(isvc.metadata.labels),
            owner_references=(owner_reference(isvc),),
        ),
        spec=VirtualServiceSpec(
            hosts=tuple(host for host, _ in hosts), gateways=tuple(gateways), http=tuple(routes)
        ),
    )


def _name_headers(isvc: InferenceService) -> dict[str, Any]:
    names = {NAME_HEADER: isvc.metadata.name, NAMESPACE_HEADER: isvc.metadata.namespace}
    return {"request": {"set": names}}


def _route(
    namespace: str,
    target: str,
    hosts: Sequence[tuple[str, tuple[str, ...]]],
    *,
    path: str | None,
    headers: dict[str, Any],
) -> HTTPRoute:
    return HTTPRoute(
        match=tuple(
            HTTPMatchRequest(
                uri=StringMatch(regex=path) if path else None,
                authority=StringMatch(regex=_host_pattern(host)),
                gateways=gateways,
            )
            for host, gateways in hosts
        ),
        route=(
            HTTPRouteDestination(
                destination=Destination(host=_LOCAL_GATEWAY_SERVICE, port={"number": 80}),
                weight=100,
            ),
        ),
        rewrite=HTTPRewrite(authority=cluster_local_host(target, namespace)),
        headers=headers,
    )


def _host_pattern(host: str) -> str:
    """The host with any port; a cluster-local host also without its cluster domain."""
    short, dot, _ = host.partition(".svc.cluster.local")
    text = short.replace(".", r"\.")
    if dot:
        return rf"^{text}(\.svc(\.cluster\.local)?)?(?::\d{{1,5}})?$"
    return rf"^{text}(?::\d{{1,5}})?$"


def make_placeholder(isvc: InferenceService) -> core.Service:
    """An ExternalName Service, so that the plain name leads to the local gateway."""
    return core.Service(
        metadata=ObjectMeta(
            name=isvc.metadata.name,
            namespace=isvc.metadata.namespace,
            owner_references=(owner_reference(isvc),),
        ),
        spec=core.ServiceSpec(
            type="ExternalName",
            external_name=_LOCAL_GATEWAY_SERVICE,
            session_affinity="None",
        ),
    )
