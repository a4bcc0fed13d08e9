import pytest

from kfsim.api.decoding import FieldValidation, decode
from kfsim.api.kept_kinds import kept_kinds, resource_of
from kfsim.api.scheme import KINDS, group_of, kind_of


def test_no_kind_of_the_table_is_there_twice_or_simulated() -> None:
    rows = [(version, row.kind) for row in kept_kinds() for version in row.served]
    paths = [(version, row.plural) for row in kept_kinds() for version in row.served]
    assert len(set(rows)) == len(rows)
    assert len(set(paths)) == len(paths)
    simulated = {(group_of(version), kind.kind) for kind in KINDS for version in kind.served}
    assert not simulated & {(row.group, row.kind) for row in kept_kinds()}


@pytest.mark.parametrize("row", kept_kinds(), ids=lambda row: f"{row.served[0]}/{row.kind}")
def test_every_row_reads_as_kinds_do(row) -> None:
    assert row.plural == row.plural.lower()
    assert row.kind[0].isupper()
    assert all("/" in version or version == "v1" for version in row.served)


def find(kind: str):
    return resource_of(next(row for row in kept_kinds() if row.kind == kind))


def test_any_field_is_kept_as_it_came() -> None:
    document = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "r"},
        "rules": [{"verbs": ["get"], "resources": []}],
    }
    decoded = decode(find("Role"), document["apiVersion"], document, FieldValidation.STRICT)
    assert decoded.warnings == ()
    assert b'"rules":[{"verbs":["get"],"resources":[]}]' in decoded.obj.encode()


def test_objects_differ_by_fields_that_no_model_names() -> None:
    model = find("Role").model
    one, other = (model.model_validate({"rules": [{"verbs": [verb]}]}) for verb in ("get", "list"))
    assert one != other
    assert one == model.model_validate({"rules": [{"verbs": ["get"]}]})


def test_a_model_is_made_once_and_known() -> None:
    assert find("Role") is find("Role")
    assert kind_of(find("Role").model).plural == "roles"


@pytest.mark.parametrize(("kind", "counts"), [("Role", False), ("Job", True)])
def test_only_kinds_with_a_spec_count_generations(kind: str, counts: bool) -> None:
    assert ("spec" in find(kind).model.model_fields) is counts
