"""Names, labels and annotations in Kubernetes' syntax."""

import pytest

from kfsim.api.meta import ObjectMeta
from kfsim.api.metadata_validation import validate_metadata


@pytest.mark.parametrize(
    ("metadata", "fields"),
    [
        (ObjectMeta(name="a-1.b", namespace="n", labels={"a.b/c": "V_1", "e": ""}), []),
        (ObjectMeta(generate_name="x-"), []),
        (ObjectMeta(), ["metadata.name"]),
        (ObjectMeta(name="-a"), ["metadata.name"]),
        (ObjectMeta(name="a" * 254), ["metadata.name"]),
        (ObjectMeta(name="a", namespace="A"), ["metadata.namespace"]),
        (ObjectMeta(name="a", labels={"k": "v" * 64}), ["metadata.labels"]),
        (ObjectMeta(name="a", labels={"Bad Prefix/k": "v"}), ["metadata.labels"]),
        (ObjectMeta(name="a", annotations={"": "v"}), ["metadata.annotations"]),
    ],
)
def test_fields(metadata: ObjectMeta, fields: list[str]) -> None:
    assert [cause.field for cause in validate_metadata(metadata)] == fields


def test_names_of_rbac_may_hold_what_a_path_may() -> None:
    metadata = ObjectMeta(name="system:node")
    assert [cause.field for cause in validate_metadata(metadata)] == ["metadata.name"]
    assert list(validate_metadata(metadata, has_path_name=True)) == []
