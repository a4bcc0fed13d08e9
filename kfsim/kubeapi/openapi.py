"""The OpenAPI v3 that kubectl needs: what verbs know of fieldValidation and dryRun, and schemas.

Before `kubectl create` or `apply`, kubectl looks in a group's document for the PATCH operation of
the kind and for the query parameter it wants to use; with it there, validation is the server's. It
must find no strategic merge patch among what the operation takes: kubectl would then make such
patches by the schemas, which do not name merge keys, instead of by its own types.
"""

from collections.abc import Iterable
from typing import Any, Final

import kfsim
from kfsim.api.registry import KindNames
from kfsim.api.scheme import group_of
from kfsim.base.errors import NotFound
from kfsim.kubeapi.paths import NOT_FOUND
from kfsim.kubeapi.schemas import make_schemas

_PARAMETERS: Final = ("dryRun", "fieldManager", "fieldValidation")


def make_index(kinds: Iterable[KindNames]) -> dict[str, Any]:
    """`/openapi/v3`."""
    versions = dict.fromkeys(version for kind in kinds for version in kind.served)
    return {
        "paths": {
            _path(version): {"serverRelativeURL": f"/openapi/v3/{_path(version)}"}
            for version in versions
        }
    }


def make_document(path: str, kinds: Iterable[KindNames]) -> dict[str, Any]:
    """The document of `api/VERSION` or `apis/GROUP/VERSION`. Raises NotFound."""
    version = path.removeprefix("apis/").removeprefix("api/")
    served = [kind for kind in kinds if version in kind.served]
    if not served or _path(version) != path:
        raise NotFound(NOT_FOUND)
    return {
        "openapi": "3.0.0",
        "info": {"title": "kfsim", "version": kfsim.__version__},
        "paths": {
            _item_path(version, kind): {"patch": _make_patch(version, kind)} for kind in served
        },
        "components": {"schemas": make_schemas(version, served)},
    }


def _path(version: str) -> str:
    return f"apis/{version}" if "/" in version else f"api/{version}"


def _item_path(version: str, kind: KindNames) -> str:
    namespace = "namespaces/{namespace}/" if kind.namespaced else ""
    return f"/{_path(version)}/{namespace}{kind.plural}/{{name}}"


def _make_patch(version: str, kind: KindNames) -> dict[str, Any]:
    return {
        "operationId": f"patch{kind.kind}",
        "parameters": [
            {"name": name, "in": "query", "schema": {"type": "string"}} for name in _PARAMETERS
        ],
        "responses": {"200": {"description": "OK"}},
        "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": {
            "group": group_of(version),
            "version": version.rpartition("/")[2],
            "kind": kind.kind,
        },
    }
