"""The routing metadata of a Configuration or Revision (knative pkg/reconciler/labeler)."""

from kfsim.api.knative import keys
from kfsim.api.meta import ObjectMeta


def routes_of(metadata: ObjectMeta) -> tuple[str, ...]:
    """The names of the Routes that send traffic."""
    return tuple(filter(None, metadata.annotations.get(keys.ROUTES, "").split(",")))


def with_route(metadata: ObjectMeta, route: str) -> ObjectMeta:
    """The metadata naming one more Route; the same object when it is named already."""
    routes = routes_of(metadata)
    return metadata if route in routes else _with_routes(metadata, (*routes, route))


def without_route(metadata: ObjectMeta, route: str) -> ObjectMeta:
    routes = routes_of(metadata)
    if route not in routes:
        return metadata
    return _with_routes(metadata, tuple(name for name in routes if name != route))


def with_routing_state(metadata: ObjectMeta, *, wall: str) -> ObjectMeta:
    """A Revision's label after its Routes: active with one, reserve without."""
    state = keys.ROUTING_STATE_ACTIVE if routes_of(metadata) else keys.ROUTING_STATE_RESERVE
    if metadata.labels.get(keys.ROUTING_STATE) == state:
        return metadata
    return metadata.replaced(
        labels={**metadata.labels, keys.ROUTING_STATE: state},
        annotations={**metadata.annotations, keys.ROUTING_STATE_MODIFIED: wall},
    )


def _with_routes(metadata: ObjectMeta, routes: tuple[str, ...]) -> ObjectMeta:
    annotations = {key: value for key, value in metadata.annotations.items() if key != keys.ROUTES}
    if routes:
        annotations[keys.ROUTES] = ",".join(sorted(routes))
    return metadata.replaced(annotations=annotations)
