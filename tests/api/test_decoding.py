from typing import Any

import pytest

from kfsim.api.core import ConfigMap, Pod, Secret
from kfsim.api.decoding import FieldValidation, decode
from kfsim.api.kserve.types import InferenceService
from kfsim.api.meta import Object
from kfsim.api.scheme import kind_of
from kfsim.base.errors import BadRequest, Invalid


def decode_as(model: type[Object], validation: FieldValidation, **content: Any) -> Object:
    data = {"apiVersion": model.API_VERSION, "kind": model.KIND, "metadata": {"name": "a"}}
    resource = kind_of(model)
    return decode(resource, resource.api_version, {**data, **content}, validation).obj


def strict(model: type[Object], **content: Any) -> Object:
    return decode_as(model, FieldValidation.STRICT, **content)


def test_nulls_are_absent() -> None:
    metadata = {"name": "a", "labels": None, "creationTimestamp": None}
    assert strict(ConfigMap, metadata=metadata, data={"a": "b", "c": None}).data == {"a": "b"}


def test_the_stored_version_is_kept() -> None:
    old = "serving.kubeflow.org/v1beta1"
    data = {"apiVersion": old, "kind": "InferenceService", "metadata": {"name": "a"}}
    decoded = decode(kind_of(InferenceService), old, data, FieldValidation.STRICT)
    assert decoded.obj.api_version == "serving.kserve.io/v1beta1"


@pytest.mark.parametrize(
    ("model", "content", "problem"),
    [
        (
            InferenceService,
            {"spec": {"predictor": {"minReplicas": "two"}}},
            (
                'spec.predictor.minReplicas: Invalid value: "two": spec.predictor.minReplicas in '
                'body must be of type integer: "string"'
            ),
        ),
        (
            InferenceService,
            {"spec": {"predictor": []}},
            (
                'spec.predictor: Invalid value: "array": spec.predictor in body must be of type '
                'object: "array"'
            ),
        ),
        (
            Pod,
            {
                "spec": {
                    "containers": [{"name": "a"}, {"name": "b", "env": [{"name": "x", "value": 1}]}]
                }
            },
            (
                "spec.containers[1].env[0].value: Invalid value: 1: "
                'spec.containers[1].env[0].value in body must be of type string: "integer"'
            ),
        ),
        (Pod, {"spec": {"volumes": [{}]}}, "spec.volumes[0].name: Required value"),
        (
            Pod,
            {"spec": {"hostNetwork": "yes"}},
            (
                'spec.hostNetwork: Invalid value: "yes": spec.hostNetwork in body must be of type '
                'boolean: "string"'
            ),
        ),
        (ConfigMap, {"data": {"a": True}}, "data.a: Invalid value: true"),
        (ConfigMap, {"metadata": []}, 'metadata: Invalid value: "array"'),
        (
            Pod,
            {"spec": {"containers": [{"resources": {"limits": {"cpu": []}}}]}},
            "spec.containers[0].resources.limits.cpu: Invalid value",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_types_are_located(
    model: type[Object], content: dict[str, Any], problem: str
) -> None:
    with pytest.raises(Invalid) as caught:
        strict(model, **content)
    assert problem in caught.value.message
    assert caught.value.causes[0].field == problem.partition(":")[0]


def test_several_problems_are_listed() -> None:
    with pytest.raises(
        Invalid, match=r'Pod "a" is invalid: \[spec\.hostIPC: .*, spec\.hostPID: .*\]'
    ):
        strict(Pod, spec={"hostIPC": 1, "hostPID": 2})


def test_unknown_fields_are_listed() -> None:
    spec = {"containers": [{"imagee": "x"}], "hostnetwork": True}
    with pytest.raises(BadRequest) as caught:
        strict(Pod, spec=spec)
    assert caught.value.message == (
        'Pod in version "v1" cannot be handled as a Pod: strict decoding error: '
        'unknown field "spec.containers[0].imagee", unknown field "spec.hostnetwork"'
    )
    pod = decode_as(Pod, FieldValidation.IGNORE, spec=spec)
    assert isinstance(pod, Pod)
    assert b"imagee" not in pod.encode()


def test_built_in_kinds_may_leave_their_type_out() -> None:
    decoded = decode(kind_of(ConfigMap), "v1", {"metadata": {"name": "a"}}, FieldValidation.STRICT)
    assert (decoded.obj.api_version, decoded.obj.kind) == ("v1", "ConfigMap")
    resource = kind_of(InferenceService)
    with pytest.raises(BadRequest, match="'Kind' or 'apiVersion' is missing"):
        decode(resource, resource.api_version, {}, FieldValidation.STRICT)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"apiVersion": "v2", "kind": "Pod"}, "does not match the expected API version"),
        ({"apiVersion": "v1", "kind": "Service"}, "cannot be handled as a Pod"),
    ],
)
def test_other_kinds_are_refused(data: dict[str, Any], message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        decode(kind_of(Pod), "v1", data, FieldValidation.WARN)


def test_bottomless_objects_are_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(1000):
        deep = {"a": deep}
    with pytest.raises(BadRequest, match="nested deeper than 200 levels"):
        strict(Pod, spec=deep)


def test_secrets_must_be_base64() -> None:
    with pytest.raises(BadRequest, match=r"data\[a\] is not base64"):
        strict(Secret, data={"a": "#"})
    assert strict(Secret, stringData={"a": "x"}).data == {"a": "eA=="}


def test_an_unknown_field_is_answered_with_the_nearest_known_one() -> None:
    with pytest.raises(BadRequest) as caught:
        strict(Pod, spec={"containers": [{"name": "c", "imagee": "i"}], "qqqqqq": 1})
    assert [(cause.field, cause.message) for cause in caught.value.causes] == [
        ("spec.containers[0].imagee", 'did you mean "image"?')
    ]
