"""What a create does before anything is stored."""

from typing import Any

import pytest

from kfsim.api.admission import admit
from kfsim.api.core import Namespace
from kfsim.api.creation import check_name, make_object
from kfsim.api.decoding import FieldValidation
from kfsim.api.kserve.types import InferenceService
from kfsim.api.meta import Object, ObjectMeta
from kfsim.api.scheme import kind_of
from kfsim.base.errors import BadRequest, Invalid


def make(
    model: type[Object],
    place: str = "default",
    *,
    spec: dict[str, Any] | None = None,
    **metadata: Any,
) -> Object:
    resource = kind_of(model)
    data = {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {"name": "iris", **metadata},
        "status": {"url": "http://forged"} if model is InferenceService else {"phase": "Gone"},
        **({"spec": spec} if spec else {}),
    }
    return make_object(
        resource,
        resource.api_version,
        place,
        data,
        validation=FieldValidation.STRICT,
        admission=admit,
    ).obj


def test_the_object_is_placed_defaulted_and_loses_its_status() -> None:
    made = make(InferenceService, "team", spec={"predictor": {"sklearn": {"storageUri": "gs://a"}}})
    assert isinstance(made, InferenceService)
    assert made.metadata.namespace == "team"
    assert made.spec.predictor.model is not None
    assert made.status == InferenceService().status


def test_a_namespace_gets_its_label_and_phase() -> None:
    made = make(Namespace, "")
    assert isinstance(made, Namespace)
    assert made.metadata.labels == {"kubernetes.io/metadata.name": "iris"}
    assert made.status == {"phase": "Active"}


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"namespace": "other"}, "found other, the path names default"),
        ({"resourceVersion": "7"}, "resourceVersion should not be set"),
    ],
    ids=["another namespace", "a stored version"],
)
def test_what_contradicts_the_request_is_refused(metadata: dict[str, str], message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        make(InferenceService, spec={"predictor": {"sklearn": {}}}, **metadata)


@pytest.mark.parametrize(
    ("model", "name", "good"),
    [
        (InferenceService, "a-1.b", True),
        (InferenceService, "-a", False),
        (InferenceService, "a..b", False),
        (InferenceService, "a" * 254, False),
        (Namespace, "a-1", True),
        (Namespace, "a.b", False),
    ],
)
def test_names(model: type[Object], name: str, good: bool) -> None:
    if good:
        check_name(kind_of(model), ObjectMeta(name=name))
    else:
        with pytest.raises(Invalid, match=r"metadata\.name: Invalid value"):
            check_name(kind_of(model), ObjectMeta(name=name))
