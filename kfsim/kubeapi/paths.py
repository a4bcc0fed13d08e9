"""REST paths of resources (apiserver's RequestInfo): which kind, namespace, name, subresource."""

from dataclasses import dataclass

from kfsim.api.registry import KindRegistry
from kfsim.api.scheme import ResourceKind
from kfsim.base.errors import NotFound

NOT_FOUND = "the server could not find the requested resource"


@dataclass(frozen=True, slots=True)
class ResourcePath:
    """`api_version` is the one asked for, which may differ from the stored one.

    `namespace` is None where the path names none: all namespaces, or a cluster-scoped kind.
    """

    resource: ResourceKind
    api_version: str
    namespace: str | None = None
    name: str = ""
    subresource: str = ""


def parse_path(path: str, kinds: KindRegistry) -> ResourcePath:
    """Read `/api/v1/…` or `/apis/GROUP/VERSION/…`. Raises NotFound."""
    parts = [part for part in path.split("/") if part]
    if parts[:1] == ["api"] and len(parts) > 2:
        api_version, rest = parts[1], parts[2:]
    elif parts[:1] == ["apis"] and len(parts) > 3:
        api_version, rest = f"{parts[1]}/{parts[2]}", parts[3:]
    else:
        raise NotFound(NOT_FOUND)
    namespace: str | None = None
    # /namespaces/NS and /namespaces/NS/status are the Namespace itself.
    if rest[0] == "namespaces" and len(rest) > 2 and (len(rest) > 3 or rest[2] != "status"):
        namespace, rest = rest[1], rest[2:]
    resource = kinds.find_resource(api_version, rest[0])
    if resource is None or len(rest) > 3 or (namespace is not None and not resource.namespaced):
        raise NotFound(NOT_FOUND)
    name = rest[1] if len(rest) > 1 else ""
    if name and resource.namespaced and namespace is None:
        raise NotFound(NOT_FOUND)
    return ResourcePath(
        resource=resource,
        api_version=api_version,
        namespace=namespace,
        name=name,
        subresource=rest[2] if len(rest) > 2 else "",
    )
