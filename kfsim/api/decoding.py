"""From decoded JSON to a checked object (apimachinery's strict decoding, CRD schema validation).

Nulls count as absent. Unknown fields are an error, a warning or nothing (`fieldValidation`); a
value of the wrong type is always Invalid, with the field's path, what was found and what is
expected. An object of a version with a conversion is checked by that version's fields, then
converted to what is stored.
"""

import base64
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal, get_args

import orjson
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from kfsim.api.core import Secret
from kfsim.api.kept_kinds import KeptObject
from kfsim.api.meta import Object
from kfsim.api.scheme import ResourceKind
from kfsim.base.errors import BadRequest, Cause, Invalid

_DEEPEST: Final = 200


class FieldValidation(StrEnum):
    """What happens to unknown fields."""

    STRICT = "Strict"
    WARN = "Warn"
    IGNORE = "Ignore"


class UnknownFields(BadRequest):
    """Strict decoding met fields that the kind does not have; `causes` suggest nearby ones."""

    def __init__(self, message: str, *, paths: Sequence[str], causes: Sequence[Cause]) -> None:
        super().__init__(message, causes=causes)
        self.paths = tuple(paths)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A checked object and the warnings that go out with the answer."""

    obj: Object
    warnings: tuple[str, ...] = ()


def decode(
    resource: ResourceKind,
    api_version: str,
    data: dict[str, Any],
    validation: FieldValidation,
    *,
    stored: Mapping[str, Any] | None = None,
) -> Decoded:
    """Check `data` against the version's model; the result is the kind's and carries the stored
    apiVersion.

    `stored` is the object as it is, where there is one: a conversion takes from it what its version
    cannot say. Raises BadRequest, Invalid; Forbidden for what a version refuses.
    """
    _check_type(resource, api_version, data)
    conversion = resource.conversions.get(api_version)
    if conversion is None:
        return _decode(resource, api_version, data, validation)
    given = _decode(resource, api_version, data, validation)
    converted = conversion.to_stored(orjson.loads(given.obj.encode()), stored)
    made = _decode(resource, resource.api_version, converted, FieldValidation.IGNORE)
    return Decoded(made.obj, given.warnings)


def _check_type(resource: ResourceKind, api_version: str, data: dict[str, Any]) -> None:
    given_version, given_kind = data.get("apiVersion"), data.get("kind")
    if "." not in resource.group:  # built-in kinds: typed clients leave both out
        given_version, given_kind = given_version or api_version, given_kind or resource.kind
    if given_kind != resource.kind or given_version != api_version:
        if not given_kind or not given_version:
            raise BadRequest("Object 'Kind' or 'apiVersion' is missing in the body of the request")
        if given_kind == resource.kind:
            raise BadRequest(
                f"the API version in the data ({given_version}) does not match the expected API "
                f"version ({api_version})"
            )
        raise BadRequest(
            f"{given_kind} in version {given_version!r} cannot be handled as a {resource.kind}"
        )


def _decode(
    resource: ResourceKind, api_version: str, data: dict[str, Any], validation: FieldValidation
) -> Decoded:
    model = resource.model_of(api_version)
    clean = _without_nulls({**data, "apiVersion": model.API_VERSION, "kind": resource.kind}, 0)
    text = orjson.dumps(clean)
    warnings: tuple[str, ...] = ()
    try:
        obj = model.model_validate_json(text, strict=True, extra=_extra_of(resource))
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=True)
        unknown = [row for row in problems if row["type"] == "extra_forbidden"]
        wrong = [row for row in problems if row["type"] != "extra_forbidden"]
        if wrong:
            raise _make_invalid(resource, clean, wrong) from error
        paths = [_field_path(row["loc"]) for row in unknown]
        texts = tuple(f'unknown field "{path}"' for path in paths)
        if validation is FieldValidation.STRICT:
            version = api_version.rpartition("/")[2]
            raise UnknownFields(
                f'{resource.kind} in version "{version}" cannot be handled as a {resource.kind}: '
                f"strict decoding error: {', '.join(texts)}",
                paths=paths,
                causes=_suggestions(model, unknown),
            ) from error
        if validation is FieldValidation.WARN:
            warnings = texts
        obj = model.model_validate_json(text, strict=True, extra="ignore")
    if isinstance(obj, Secret):
        obj = _fold_string_data(obj)
    return Decoded(obj, warnings)


def _extra_of(resource: ResourceKind) -> Literal["allow", "forbid"]:
    """Kept kinds have fields that no model names."""
    return "allow" if issubclass(resource.model, KeptObject) else "forbid"


def _without_nulls(value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        raise BadRequest(f"the object is nested deeper than {_DEEPEST} levels")
    if isinstance(value, dict):
        return {
            key: _without_nulls(inner, depth + 1)
            for key, inner in value.items()
            if inner is not None
        }
    if isinstance(value, list):
        return [_without_nulls(inner, depth + 1) for inner in value]
    return value


def _fold_string_data(secret: Secret) -> Secret:
    for key, text in secret.data.items():
        try:
            base64.b64decode(text, validate=True)
        except ValueError as error:
            raise BadRequest(
                f'Secret in version "v1" cannot be handled as a Secret: data[{key}] is not base64; '
                "put plain text under stringData"
            ) from error
    encoded = {
        key: base64.b64encode(text.encode()).decode() for key, text in secret.string_data.items()
    }
    return secret.replaced(
        type=secret.type or "Opaque", data={**secret.data, **encoded}, string_data={}
    )


_EXPECTED: Final = {
    "int_type": "integer",
    "int_from_float": "integer",
    "int_parsing": "integer",
    "float_type": "number",
    "string_type": "string",
    "bool_type": "boolean",
    "dict_type": "object",
    "model_type": "object",
    "model_attributes_type": "object",
    "tuple_type": "array",
    "list_type": "array",
}


def _make_invalid(
    resource: ResourceKind, data: dict[str, Any], problems: Sequence[ErrorDetails]
) -> Invalid:
    causes: dict[str, Cause] = {}
    for row in problems:
        location = _real_location(data, row["loc"])
        path = _field_path(location)
        found = row["input"]
        if row["type"] == "missing":
            cause = Cause(path, "Required value", "FieldValueRequired")
        elif (expected := _EXPECTED.get(row["type"])) is not None:
            shown = orjson.dumps(found).decode() if _is_short(found) else f'"{json_type(found)}"'
            cause = Cause(
                path,
                f"Invalid value: {shown}: {path} in body must be of type {expected}: "
                f'"{json_type(found)}"',
                "FieldValueTypeInvalid",
            )
        else:
            cause = Cause(path, f"Invalid value: {row['msg']}", "FieldValueInvalid")
        causes.setdefault(path, cause)
    metadata = data.get("metadata")
    name = metadata.get("name", "") if isinstance(metadata, dict) else ""
    messages = [f"{cause.field}: {cause.message}" for cause in causes.values()]
    text = messages[0] if len(messages) == 1 else f"[{', '.join(messages)}]"
    qualified = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    return Invalid(f'{qualified} "{name}" is invalid: {text}', causes=tuple(causes.values()))


def _real_location(data: Any, location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """The location without the names of union members, which pydantic appends to it."""
    real: list[int | str] = []
    here = data
    for step in location:
        if isinstance(here, dict) and isinstance(step, str):
            if step not in here and not _is_field_name(step):
                break
            here = here.get(step)
        elif isinstance(here, list) and isinstance(step, int) and step < len(here):
            here = here[step]
        elif here is not None:
            break
        real.append(step)
    return tuple(real)


def _is_field_name(step: str) -> bool:
    return step not in ("str", "int", "float", "bool")


def _suggestions(model: type[BaseModel], unknown: Sequence[ErrorDetails]) -> tuple[Cause, ...]:
    """Per unknown field, the nearest one that exists where one is near. They travel beside
    Kubernetes' own message, which clients compare."""
    causes = []
    for row in unknown:
        loc = row["loc"]
        near = difflib.get_close_matches(str(loc[-1]), _fields_at(model, loc[:-1]), n=1)
        if near:
            causes.append(
                Cause(_field_path(loc), f'did you mean "{near[0]}"?', "FieldValueInvalid")
            )
    return tuple(causes)


def _fields_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """The wire names of the fields at a place of the model; empty where it is no model."""
    found = model
    for step in loc:
        if isinstance(step, int):
            continue
        fields = found.model_fields.items()
        below = model_in(next((f.annotation for n, f in fields if step in (n, f.alias)), None))
        if below is None:
            return []
        found = below
    return [field.alias or name for name, field in found.model_fields.items()]


def model_in(annotation: Any) -> type[BaseModel] | None:
    """The model inside `X | None`, `tuple[X, ...]` and the like."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (model_in(each) for each in get_args(annotation))
    return next((each for each in inner if each is not None), None)


def _field_path(location: Sequence[int | str]) -> str:
    path = ""
    for step in location:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += f".{step}" if path else step
    return path


def json_type(value: Any) -> str:
    if value is None:
        return "null"
    for type_, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string")):
        if isinstance(value, type_):
            return name
    return "object" if isinstance(value, dict) else "array"


def _is_short(value: Any) -> bool:
    return isinstance(value, bool | int | float) or (isinstance(value, str) and len(value) <= 80)
