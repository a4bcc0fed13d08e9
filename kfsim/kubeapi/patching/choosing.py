"""From a PATCH's body and content type to a function of the object."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import orjson

from kfsim.api.scheme import ResourceKind
from kfsim.base.errors import BadRequest
from kfsim.kubeapi.bodies import JSON_TYPES, parse_body
from kfsim.kubeapi.patching.json_patch import apply_json_patch
from kfsim.kubeapi.patching.server_side import APPLY_TYPE
from kfsim.kubeapi.patching.strategic import apply_strategic_patch
from kfsim.kubeapi.status import UnsupportedMediaType
from kfsim.store.merge_patch import merge

Change = Callable[[dict[str, Any]], dict[str, Any]]
"""From the object as it is to the object as it is wanted. Raises BadRequest, Invalid."""

JSON_PATCH_TYPE: Final = "application/json-patch+json"
MERGE_PATCH_TYPE: Final = "application/merge-patch+json"
STRATEGIC_PATCH_TYPE: Final = "application/strategic-merge-patch+json"


def parse_patch(body: bytes, content_type: str, resource: ResourceKind) -> Change:
    """Raises UnsupportedMediaType, BadRequest.

    Custom kinds take no strategic merge patch, as on a cluster: kubectl knows.
    """
    if content_type == JSON_PATCH_TYPE:
        return partial(_with_json_patch, operations=_parse_operations(body))
    if content_type == MERGE_PATCH_TYPE:
        return partial(_with_merge_patch, patch=parse_body(body, JSON_TYPES[0]))
    if content_type == STRATEGIC_PATCH_TYPE and not resource.custom:
        return partial(_with_strategic_patch, patch=parse_body(body, JSON_TYPES[0]))
    taken = [JSON_PATCH_TYPE, MERGE_PATCH_TYPE, APPLY_TYPE]
    if not resource.custom:
        taken.insert(2, STRATEGIC_PATCH_TYPE)
    raise UnsupportedMediaType(
        "the body of the request was in an unknown format - accepted media types include: "
        + ", ".join(taken)
    )


def _parse_operations(body: bytes) -> list[Any]:
    try:
        operations = orjson.loads(body)
    except ValueError as error:
        raise BadRequest(
            f"the body of the request cannot be read as a JSON patch: {error}"
        ) from error
    if not isinstance(operations, list):
        raise BadRequest(
            "a JSON patch is a list of operations; for an object with the fields to change, send "
            f"Content-Type: {MERGE_PATCH_TYPE}"
        )
    return operations


def _with_json_patch(current: dict[str, Any], *, operations: list[Any]) -> dict[str, Any]:
    return apply_json_patch(current, operations)


def _with_merge_patch(current: dict[str, Any], *, patch: dict[str, Any]) -> dict[str, Any]:
    merged: dict[str, Any] = merge(current, patch)
    return merged


def _with_strategic_patch(current: dict[str, Any], *, patch: dict[str, Any]) -> dict[str, Any]:
    return apply_strategic_patch(current, patch)
