"""Schemas of the kinds for OpenAPI, made from the models: what `kubectl explain` shows (pure).

pydantic writes JSON Schema; OpenAPI 3.0 has no `null` type and wants no titles, and kubectl finds a
kind by its `x-kubernetes-group-version-kind`.
"""

from collections.abc import Sequence
from typing import Any, Final

from kfsim.api.registry import KindNames
from kfsim.api.scheme import ResourceKind, group_of

_REFERENCE: Final = "#/components/schemas/{model}"


def make_schemas(version: str, kinds: Sequence[KindNames]) -> dict[str, Any]:
    """`components.schemas` of a group version; nothing is known of kinds that are kept as given."""
    modelled = [kind for kind in kinds if isinstance(kind, ResourceKind)]
    schemas = _model_schemas(version, modelled) if modelled else {}
    for kind in kinds:
        if not isinstance(kind, ResourceKind):
            schemas[kind.kind] = {
                "type": "object",
                "description": f"{kind.kind} is kept as given; kfsim has no schema of it.",
                "x-kubernetes-preserve-unknown-fields": True,
                **_type_mark(version, kind),
            }
    return schemas


def _type_mark(version: str, kind: KindNames) -> dict[str, Any]:
    """By which kubectl finds the kind."""
    type_ = {"group": group_of(version), "version": version.rpartition("/")[2], "kind": kind.kind}
    return {"x-kubernetes-group-version-kind": [type_]}


def _model_schemas(version: str, kinds: Sequence[ResourceKind]) -> dict[str, Any]:
    from pydantic.json_schema import models_json_schema  # late: few ask for schemas

    wanted = [(kind.model_of(version), "validation") for kind in kinds]
    names, whole = models_json_schema(
        wanted,  # type: ignore[arg-type]  # the mode is a literal
        by_alias=True,
        ref_template=_REFERENCE,
    )
    schemas: dict[str, Any] = {
        name: _openapi(schema) for name, schema in whole.get("$defs", {}).items()
    }
    for kind in kinds:
        name = names[(kind.model_of(version), "validation")]["$ref"].rpartition("/")[2]
        schemas[name] |= _type_mark(version, kind)
    return schemas


def _openapi(schema: Any) -> Any:
    """A schema as OpenAPI 3.0 has it: an optional value is simply one that may be left out."""
    if isinstance(schema, list):
        return [_openapi(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    choices = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if choices and len(choices) < len(schema["anyOf"]):
        rest = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
        schema = {**rest, **choices[0]} if len(choices) == 1 else {**rest, "anyOf": choices}
    made = {}
    for key, value in schema.items():
        if key == "properties":
            made[key] = {name: _openapi(inner) for name, inner in value.items()}
        elif key not in ("title", "const") and not (key == "default" and value is None):
            made[key] = _openapi(value) if key != "default" else value
    return made
