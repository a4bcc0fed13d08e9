"""Schemas that kubectl can read."""

from typing import Any

from kfsim.api.kserve.types import InferenceService
from kfsim.api.scheme import KINDS, kind_of
from kfsim.kubeapi.schemas import make_schemas

VERSION = "serving.kserve.io/v1beta1"


def test_a_kind_is_found_by_its_group_version_and_kind() -> None:
    schemas = make_schemas(VERSION, [kind_of(InferenceService)])
    assert schemas["InferenceService"]["x-kubernetes-group-version-kind"] == [
        {"group": "serving.kserve.io", "version": "v1beta1", "kind": "InferenceService"}
    ]
    properties = schemas["PredictorSpec"]["properties"]
    assert properties["minReplicas"] == {"type": "integer"}
    assert properties["model"] == {"$ref": "#/components/schemas/ModelSpec"}
    assert properties["containers"]["items"] == {"$ref": "#/components/schemas/Container"}


def test_every_reference_leads_somewhere_and_nothing_is_null() -> None:
    for version in dict.fromkeys(version for kind in KINDS for version in kind.served):
        kinds = [kind for kind in KINDS if version in kind.served]
        schemas = make_schemas(version, kinds)
        for schema in schemas.values():
            _check(schema, schemas)
        found = [
            each["kind"]
            for schema in schemas.values()
            for each in schema.get("x-kubernetes-group-version-kind", ())
        ]
        assert sorted(found) == sorted(kind.kind for kind in kinds)


def _check(schema: Any, schemas: dict[str, Any]) -> None:
    if isinstance(schema, list):
        for each in schema:
            _check(each, schemas)
    elif isinstance(schema, dict):
        assert schema.get("type") != "null"
        reference = schema.get("$ref")
        assert reference is None or reference.rpartition("/")[2] in schemas
        for each in schema.values():
            _check(each, schemas)
