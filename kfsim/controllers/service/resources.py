"""A Service's children (knative pkg/reconciler/service/resources)."""

from collections.abc import Mapping

from kfsim.api.knative import keys
from kfsim.api.knative.serving import (
    Configuration,
    ConfigurationSpec,
    Route,
    RouteSpec,
    Service,
    TrafficTarget,
)
from kfsim.api.meta import ObjectMeta, owner_reference

_NOT_FOR_CHILDREN = frozenset({keys.LAST_APPLIED, "kfsim.dev/source"})
_NOT_FOR_CONFIGURATIONS = _NOT_FOR_CHILDREN | frozenset(keys.ROLLOUT_DURATION)


def make_configuration(service: Service, existing: Configuration | None = None) -> Configuration:
    """The Configuration; routes that an existing one already serves stay in its annotation."""
    metadata = service.metadata
    known = existing.metadata.annotations.get(keys.ROUTES, "") if existing is not None else ""
    routes = sorted({metadata.name, *filter(None, known.split(","))})
    return Configuration(
        metadata=_child_metadata(
            service,
            labels={keys.SERVICE: metadata.name, keys.SERVICE_UID: metadata.uid},
            annotations={
                **_without(metadata.annotations, _NOT_FOR_CONFIGURATIONS),
                keys.ROUTES: ",".join(routes),
            },
        ),
        spec=ConfigurationSpec(template=service.spec.template),
    )


def make_route(service: Service) -> Route:
    """The Route; targets without a revision follow the Service's own Configuration."""
    metadata = service.metadata
    return Route(
        metadata=_child_metadata(
            service,
            labels={keys.SERVICE: metadata.name},
            annotations=_without(metadata.annotations, _NOT_FOR_CHILDREN),
        ),
        spec=RouteSpec(
            traffic=tuple(_named(target, metadata.name) for target in service.spec.traffic)
        ),
    )


def _named(target: TrafficTarget, configuration: str) -> TrafficTarget:
    if target.revision_name:
        return target
    return target.replaced(configuration_name=configuration)


def _child_metadata(
    service: Service, *, labels: Mapping[str, str], annotations: Mapping[str, str]
) -> ObjectMeta:
    return ObjectMeta(
        name=service.metadata.name,
        namespace=service.metadata.namespace,
        labels={**service.metadata.labels, **labels},
        annotations=dict(annotations),
        owner_references=(owner_reference(service),),
    )


def _without(annotations: Mapping[str, str], excluded: frozenset[str]) -> dict[str, str]:
    return {key: value for key, value in annotations.items() if key not in excluded}
