"""Discovery documents: which groups, versions and resources there are (pure)."""

from typing import Any, Final

from kfsim.api.core import Pod
from kfsim.api.scheme import KINDS, ResourceKind, group_of
from kfsim.base.errors import NotFound
from kfsim.kubeapi.paths import NOT_FOUND
from kfsim.kubeapi.scale import SCALABLE, SCALE

KUBERNETES_VERSION: Final = ("1", "32")
"""The release whose API shape is followed."""

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


def make_group_list() -> dict[str, Any]:
    """`/apis`."""
    groups = dict.fromkeys(group_of(version) for version in _served_versions())
    return {
        "kind": "APIGroupList",
        "apiVersion": "v1",
        "groups": [_make_group(group) for group in groups if group],
    }


def make_group(group: str) -> dict[str, Any]:
    """`/apis/GROUP`. Raises NotFound."""
    if not group or group not in (group_of(version) for version in _served_versions()):
        raise NotFound(NOT_FOUND)
    return {"kind": "APIGroup", "apiVersion": "v1", **_make_group(group)}


def make_resource_list(api_version: str) -> dict[str, Any]:
    """`/api/v1` and `/apis/GROUP/VERSION`. Raises NotFound."""
    kinds = [kind for kind in KINDS if api_version in kind.served]
    if not kinds:
        raise NotFound(NOT_FOUND)
    resources: list[dict[str, Any]] = []
    for kind in kinds:
        resources.append(_make_resource(kind, group_of(api_version)))
        if kind.has_status:
            resources.append(
                _make_subresource(kind, "status", kind.kind, ["get", "patch", "update"])
            )
        if kind.model in SCALABLE:
            resources.append(
                {
                    **_make_subresource(kind, SCALE, "Scale", ["get", "patch", "update"]),
                    "group": "autoscaling",
                    "version": "v1",
                }
            )
        if kind.model is Pod:
            resources.append(_make_subresource(kind, "log", "Pod", ["get"]))
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": api_version,
        "resources": resources,
    }


def _served_versions() -> list[str]:
    return [version for kind in KINDS for version in kind.served]


def _make_group(group: str) -> dict[str, Any]:
    versions = dict.fromkeys(v for v in _served_versions() if group_of(v) == group)
    listed = [{"groupVersion": v, "version": v.rpartition("/")[2]} for v in versions]
    return {"name": group, "versions": listed, "preferredVersion": listed[0]}


def _make_resource(kind: ResourceKind, group: str) -> dict[str, Any]:
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


def _make_subresource(
    kind: ResourceKind, name: str, returns: str, verbs: list[str]
) -> dict[str, Any]:
    return {
        "name": f"{kind.plural}/{name}",
        "singularName": "",
        "namespaced": kind.namespaced,
        "kind": returns,
        "verbs": verbs,
    }
