"""What a create does to a document before anything is stored.

decode → agree with the request's namespace → name → status → admission. The API surface and
`kfsim validate` both go through here, so what one refuses the other refuses, in the same words.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from kfsim.api.core import Namespace
from kfsim.api.decoding import Decoded, FieldValidation, decode
from kfsim.api.definitions import definition_causes, establish
from kfsim.api.kept_kinds import CUSTOM_RESOURCE_DEFINITION
from kfsim.api.meta import Object, ObjectMeta
from kfsim.api.scheme import ResourceKind
from kfsim.base.errors import BadRequest, Cause, Invalid

Admission = Callable[[ResourceKind, Object, Object | None], Object]
"""Defaults and checks an object before it is written; raises Forbidden or Invalid.

The last argument is the stored object, None on create.
"""

_SUBDOMAIN: Final = re.compile(
    r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*"
)
_LABEL: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?")
_LONGEST_NAME: Final = 253


def make_object(
    resource: ResourceKind,
    api_version: str,
    namespace: str,
    data: dict[str, Any],
    *,
    validation: FieldValidation,
    admission: Admission,
) -> Decoded:
    """The object to store, from the body of a create in `namespace` (empty for cluster scope).

    Raises BadRequest, Forbidden, Invalid.
    """
    decoded = decode(resource, api_version, data, validation)
    obj = in_namespace(resource, namespace, decoded.obj)
    if obj.metadata.resource_version:
        raise BadRequest("resourceVersion should not be set on objects to be created")
    check_name(resource, obj.metadata)
    if resource.has_status:
        obj = obj.replaced(status=getattr(resource.model(), "status", None))
    if isinstance(obj, Namespace):
        obj = complete_namespace(obj)
    if resource.kind == CUSTOM_RESOURCE_DEFINITION:
        check_definition(resource, obj)
        obj = establish(obj)
    return Decoded(admission(resource, obj, None), decoded.warnings)


def in_namespace(resource: ResourceKind, namespace: str, obj: Object) -> Object:
    """The object in the namespace of the request. Raises BadRequest when it names another."""
    given = obj.metadata.namespace
    if given and given != namespace and resource.namespaced:
        raise BadRequest(
            f"the namespace of the provided object does not match the namespace sent on the "
            f"request: found {given}, the path names {namespace}"
        )
    if given == namespace:
        return obj
    return obj.replaced(metadata=obj.metadata.replaced(namespace=namespace))


def check_name(resource: ResourceKind, metadata: ObjectMeta) -> None:
    """Raises Invalid when the name (or generateName) is none of Kubernetes'."""
    name = metadata.name
    if not name and not metadata.generate_name:
        raise make_invalid(
            resource, "", "metadata.name", "Required value: name or generateName is required"
        )
    if resource.has_path_names:
        _check_path_segment(resource, name)
        return
    pattern, rule = (
        (_LABEL, "a lowercase RFC 1123 label")
        if resource.model is Namespace
        else (_SUBDOMAIN, "a lowercase RFC 1123 subdomain")
    )
    if name and (len(name) > _LONGEST_NAME or not pattern.fullmatch(name)):
        raise make_invalid(
            resource,
            name,
            "metadata.name",
            f'Invalid value: "{name}": {rule} must consist of lower case alphanumeric characters '
            "or '-'"
            + ("" if pattern is _LABEL else " or '.'")
            + ", and must start and end with an alphanumeric character",
        )


def _check_path_segment(resource: ResourceKind, name: str) -> None:
    if name in (".", "..") or "/" in name or "%" in name:
        problem = f"Invalid value: \"{name}\": may not be '.' or '..', or contain '/' or '%'"
        raise make_invalid(resource, name, "metadata.name", problem)


def complete_namespace(namespace: Namespace) -> Namespace:
    """The label and phase that every Namespace has."""
    metadata = namespace.metadata
    labels = {**metadata.labels, "kubernetes.io/metadata.name": metadata.name}
    return namespace.replaced(metadata=metadata.replaced(labels=labels), status={"phase": "Active"})


def check_definition(resource: ResourceKind, definition: Object) -> None:
    """Raises Invalid for a CRD whose kind cannot be served."""
    for cause in definition_causes(definition):
        raise make_invalid(resource, definition.metadata.name, cause.field, cause.message)


def make_invalid(resource: ResourceKind, name: str, field: str, problem: str) -> Invalid:
    """An Invalid about one field, as apimachinery words it."""
    qualified = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    message = f"{field}: {problem}"
    return Invalid(f'{qualified} "{name}" is invalid: {message}', causes=[Cause(field, problem)])
