"""A Route's Ingress and Services (knative pkg/reconciler/route/resources)."""

from collections.abc import Mapping
from enum import StrEnum

from kfsim.api.core import Service, ServicePort, ServiceSpec
from kfsim.api.knative import keys
from kfsim.api.knative.internal import (
    Ingress,
    IngressBackendSplit,
    IngressPath,
    IngressRule,
    IngressRuleValue,
    IngressSpec,
)
from kfsim.api.knative.serving import Route
from kfsim.api.meta import ObjectMeta, owner_reference
from kfsim.base.local_hosts import cluster_local_host, expanded_local_hosts
from kfsim.base.types import AppProtocol
from kfsim.traffic import HostNames, Resolution, RevisionTarget

INGRESS_CLASS = "kfsim.ingress.networking.knative.dev"
LOCAL_GATEWAY = "knative-local-gateway.istio-system.svc.cluster.local"
_HTTP_PORT, _H2C_PORT = 80, 81
_NOT_FOR_INGRESS = frozenset({keys.LAST_APPLIED, *keys.ROLLOUT_DURATION})


class Visibility(StrEnum):
    """Who can reach a host."""

    EXTERNAL = "ExternalIP"
    CLUSTER_LOCAL = "ClusterLocal"


def host_of(route: Route, tag: str, *, visibility: Visibility, names: HostNames) -> str:
    """The full host of the route or of one of its tags."""
    if visibility is Visibility.CLUSTER_LOCAL:
        name = names.tagged_name(route.metadata.name, tag)
        return cluster_local_host(name, route.metadata.namespace)
    return names.external_host(route.metadata, tag)


def make_ingress(
    route: Route, resolution: Resolution, visibility: Mapping[str, Visibility], *, names: HostNames
) -> Ingress:
    """Rules per tag, the whole route first: cluster-local hosts, then the external one."""
    metadata = route.metadata
    annotations = _without(metadata.annotations, _NOT_FOR_INGRESS)
    return Ingress(
        metadata=ObjectMeta(
            name=metadata.name,
            namespace=metadata.namespace,
            labels={
                **metadata.labels,
                keys.ROUTE: metadata.name,
                keys.ROUTE_NAMESPACE: metadata.namespace,
            },
            annotations={keys.INGRESS_CLASS: INGRESS_CLASS, **annotations},
            owner_references=(owner_reference(route),),
        ),
        spec=IngressSpec(
            rules=tuple(
                rule
                for tag in sorted(resolution.by_tag)
                for rule in _rules(route, tag, resolution.by_tag[tag], visibility[tag], names)
            ),
            http_option="Enabled",
        ),
    )


def make_placeholder(route: Route, name: str, *, host: str) -> Service:
    """Keeps the name of a route or of a tag taken until the Ingress is ready."""
    metadata = route.metadata
    labels = {key: value for key, value in metadata.labels.items() if key != keys.VISIBILITY}
    return Service(
        metadata=ObjectMeta(
            name=name,
            namespace=metadata.namespace,
            labels={**labels, keys.ROUTE: metadata.name},
            annotations=_without(metadata.annotations, frozenset({keys.LAST_APPLIED})),
            owner_references=(owner_reference(route),),
        ),
        spec=_external_name(host),
    )


def with_gateway(placeholder: Service) -> Service:
    """The Service once requests can come: it names the cluster-local gateway."""
    return placeholder.replaced(spec=_external_name(LOCAL_GATEWAY))


def is_local(labels: Mapping[str, str]) -> bool:
    """Whether the visibility label takes an object off the external gateway."""
    return labels.get(keys.VISIBILITY) == keys.CLUSTER_LOCAL


def _without(annotations: Mapping[str, str], excluded: frozenset[str]) -> dict[str, str]:
    return {key: value for key, value in annotations.items() if key not in excluded}


def _external_name(host: str) -> ServiceSpec:
    return ServiceSpec(
        type="ExternalName",
        external_name=host,
        session_affinity="None",
        ports=(
            ServicePort(
                name="http2",
                app_protocol="kubernetes.io/h2c",
                port=_HTTP_PORT,
                target_port=_HTTP_PORT,
            ),
        ),
    )


def _rules(
    route: Route,
    tag: str,
    targets: tuple[RevisionTarget, ...],
    visibility: Visibility,
    names: HostNames,
) -> tuple[IngressRule, ...]:
    metadata = route.metadata
    http = IngressRuleValue(
        paths=(
            IngressPath(
                splits=tuple(
                    _split(target, metadata.namespace) for target in targets if target.percent
                )
            ),
        )
    )
    name = names.tagged_name(metadata.name, tag)
    local = IngressRule(
        hosts=expanded_local_hosts(name, metadata.namespace),
        visibility=Visibility.CLUSTER_LOCAL.value,
        http=http,
    )
    if visibility is Visibility.CLUSTER_LOCAL:
        return (local,)
    external = IngressRule(
        hosts=(names.external_host(metadata, tag),),
        visibility=Visibility.EXTERNAL.value,
        http=http,
    )
    return (local, external)


def _split(target: RevisionTarget, namespace: str) -> IngressBackendSplit:
    return IngressBackendSplit(
        service_namespace=namespace,
        service_name=target.revision,
        service_port=_H2C_PORT if target.protocol is AppProtocol.H2C else _HTTP_PORT,
        percent=target.percent,
        append_headers={
            "Knative-Serving-Revision": target.revision,
            "Knative-Serving-Namespace": namespace,
        },
    )
