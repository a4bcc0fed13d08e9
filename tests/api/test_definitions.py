import copy

import pytest

from kfsim.api.definitions import defined_kind, definition_causes, establish
from kfsim.api.kept_kinds import kept_kinds, resource_of
from kfsim.api.meta import Object

DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Cluster",
        "names": {"plural": "widgets", "kind": "Widget", "shortNames": ["wd"]},
        "versions": [
            {"name": "v2", "served": True, "storage": False, "subresources": {"status": {}}},
            {"name": "v1", "served": True, "storage": True},
            {"name": "v0", "served": False, "storage": False},
        ],
    },
}


def make(**changes) -> Object:
    model = resource_of(next(r for r in kept_kinds() if r.acts)).model
    document = copy.deepcopy(DEFINITION)
    document["spec"].update(changes)
    return model.model_validate(document)


def test_what_a_definition_defines() -> None:
    definition = establish(make()).model_dump(by_alias=True)
    row = defined_kind(definition)
    assert row is not None
    assert row.served == ("example.com/v1", "example.com/v2")
    assert (row.kind, row.plural, row.short_names) == ("Widget", "widgets", ("wd",))
    assert (row.namespaced, row.has_status, row.simulated) == (False, True, False)


def test_it_is_established() -> None:
    status = establish(make()).status
    assert [each["type"] for each in status["conditions"]] == ["NamesAccepted", "Established"]
    assert all(each["status"] == "True" for each in status["conditions"])
    assert status["storedVersions"] == ["v1"]


def test_the_stored_version_stays_when_the_definition_moves_on() -> None:
    definition = establish(make()).model_dump(by_alias=True)
    for version in definition["spec"]["versions"]:
        version["storage"] = version["name"] == "v2"
    row = defined_kind(definition)
    assert row is not None
    assert row.api_version == "example.com/v1"


def test_nothing_served_is_no_kind() -> None:
    versions = [{"name": "v1", "served": False, "storage": True}]
    assert defined_kind(establish(make(versions=versions)).model_dump(by_alias=True)) is None


@pytest.mark.parametrize(
    ("changes", "field", "text"),
    [
        ({"group": ""}, "spec.group", "Required value"),
        ({"names": {"kind": "Widget"}}, "spec.names.plural", "Required value"),
        ({"names": {"plural": "widgets"}}, "spec.names.kind", "Required value"),
        ({"scope": "Galaxy"}, "spec.scope", 'Unsupported value: "Galaxy"'),
        ({"versions": []}, "spec.versions", "exactly one version marked as storage version"),
        ({"versions": None}, "spec.versions", "exactly one version marked as storage version"),
        ({"group": "example.org"}, "metadata.name", 'must be spec.names.plural+"."+spec.group'),
    ],
)
def test_what_cannot_be_served_is_refused(changes, field: str, text: str) -> None:
    first = definition_causes(make(**changes))[0]
    assert first.field == field
    assert text in first.message
