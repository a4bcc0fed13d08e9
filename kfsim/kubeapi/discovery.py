"""Discovery documents: which groups, versions and resources there are (pure)."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from kfsim.api.registry import KindNames
from kfsim.api.scheme import group_of, kind_of
from kfsim.base.errors import NotFound
from kfsim.kubeapi.paths import NOT_FOUND
from kfsim.kubeapi.scale import SCALABLE, SCALE

KUBERNETES_VERSION: Final = ("1", "32")
"""The release whose API shape is followed."""

AGGREGATED: Final = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
"""The media type of a discovery document that holds all groups."""

_SCALE_TYPE: Final = {"group": "autoscaling", "version": "v1", "kind": "Scale"}
_SCALABLE: Final = {(kind_of(model).group, model.KIND) for model in SCALABLE}
_VERBS: Final = [
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
]


def make_version(kfsim_version: str) -> dict[str, str]:
    major, minor = KUBERNETES_VERSION
    return {
        "major": major,
        "minor": minor,
        "gitVersion": f"v{major}.{minor}.0+kfsim-{kfsim_version}",
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "",
        "platform": "",
    }


def make_api_versions() -> dict[str, Any]:
    """`/api`."""
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def make_group_list(kinds: Iterable[KindNames]) -> dict[str, Any]:
    """`/apis`."""
    versions = _versions_by_group(kinds)
    return {
        "kind": "APIGroupList",
        "apiVersion": "v1",
        "groups": [_make_group(group, versions[group]) for group in versions if group],
    }


def make_group(group: str, kinds: Iterable[KindNames]) -> dict[str, Any]:
    """`/apis/GROUP`. Raises NotFound."""
    versions = _versions_by_group(kinds)
    if not group or group not in versions:
        raise NotFound(NOT_FOUND)
    return {"kind": "APIGroup", "apiVersion": "v1", **_make_group(group, versions[group])}


def make_resource_list(api_version: str, kinds: Iterable[KindNames]) -> dict[str, Any]:
    """`/api/v1` and `/apis/GROUP/VERSION`. Raises NotFound."""
    served = [kind for kind in kinds if api_version in kind.served]
    if not served:
        raise NotFound(NOT_FOUND)
    resources: list[dict[str, Any]] = []
    for kind in served:
        resources.append(_make_resource(kind, group_of(api_version)))
        for name, verbs in _subresources(kind):
            resources.append(
                {
                    "name": f"{kind.plural}/{name}",
                    "singularName": "",
                    "namespaced": kind.namespaced,
                    "kind": kind.kind,
                    "verbs": verbs,
                    **(_SCALE_TYPE if name == SCALE else {}),
                }
            )
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": api_version,
        "resources": resources,
    }


def make_aggregated(kinds: Iterable[KindNames], *, core: bool) -> dict[str, Any]:
    """`/api` or `/apis` with everything below in one document (KEP-3352)."""
    kinds = list(kinds)
    groups = _versions_by_group(kinds)
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": [
            {
                "metadata": {"name": group, "creationTimestamp": None},
                "versions": [_aggregate_version(version, kinds) for version in versions],
            }
            for group, versions in groups.items()
            if (group == "") is core
        ],
    }


def make_kinds(kinds: Iterable[KindNames], count: Callable[[str, str], int]) -> dict[str, Any]:
    """`/kfsim/v1/kinds`: what is served, whether it is simulated, and how many objects there are.

    `count` is asked with the stored apiVersion and kind.
    """
    return {
        "kinds": [
            {
                "apiVersion": kind.served[0],
                "versions": list(kind.served),
                "kind": kind.kind,
                "plural": kind.plural,
                "simulated": kind.simulated,
                "objects": count(kind.served[0], kind.kind),
            }
            for kind in kinds
        ]
    }


def _versions_by_group(kinds: Iterable[KindNames]) -> dict[str, list[str]]:
    groups: dict[str, dict[str, None]] = {}
    for kind in kinds:
        for version in kind.served:
            groups.setdefault(group_of(version), {})[version] = None
    return {group: list(versions) for group, versions in groups.items()}


def _make_group(group: str, versions: list[str]) -> dict[str, Any]:
    listed = [{"groupVersion": v, "version": v.rpartition("/")[2]} for v in versions]
    return {"name": group, "versions": listed, "preferredVersion": listed[0]}


def _aggregate_version(api_version: str, kinds: Iterable[KindNames]) -> dict[str, Any]:
    return {
        "version": api_version.rpartition("/")[2],
        "freshness": "Current",
        "resources": [
            _aggregate_resource(kind, api_version) for kind in kinds if api_version in kind.served
        ],
    }


def _aggregate_resource(kind: KindNames, api_version: str) -> dict[str, Any]:
    listed = _make_resource(kind, group_of(api_version))
    response = {
        "group": group_of(api_version),
        "version": api_version.rpartition("/")[2],
        "kind": kind.kind,
    }
    return {
        "resource": listed["name"],
        "responseKind": response,
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": listed["singularName"],
        "verbs": listed["verbs"],
        **{key: listed[key] for key in ("shortNames", "categories") if key in listed},
        "subresources": [
            {
                "subresource": name,
                "responseKind": _SCALE_TYPE if name == SCALE else response,
                "verbs": verbs,
            }
            for name, verbs in _subresources(kind)
        ],
    }


def _make_resource(kind: KindNames, group: str) -> dict[str, Any]:
    # Only the stored group has the short names and categories: kubectl warns of ambiguous ones,
    # and `get all` would print every object twice.
    main = group == kind.group
    return {
        "name": kind.plural,
        "singularName": kind.singular,
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": _VERBS,
        **({"shortNames": list(kind.short_names)} if main and kind.short_names else {}),
        **({"categories": list(kind.categories)} if main and kind.categories else {}),
    }


def _subresources(kind: KindNames) -> Iterator[tuple[str, list[str]]]:
    if kind.has_status:
        yield "status", ["get", "patch", "update"]
    if (kind.group, kind.kind) in _SCALABLE:
        yield SCALE, ["get", "patch", "update"]
    if (kind.group, kind.kind) == ("", "Pod"):
        yield "log", ["get"]
