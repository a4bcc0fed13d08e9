"""Objects are defaulted, then refused in a webhook's or the API server's words."""

import pytest

from kfsim.api.admission import admit
from kfsim.api.core import Container, ContainerPort, Pod, PodSpec, ResourceRequirements
from kfsim.api.kserve.types import InferenceService
from kfsim.api.meta import ObjectMeta
from kfsim.api.scheme import find_kind, kind_of
from kfsim.base.errors import Forbidden, Invalid

ISVC = kind_of(InferenceService)


def isvc(spec: dict[str, object], *, name: str = "iris") -> InferenceService:
    return InferenceService.model_validate(
        {"metadata": {"name": name, "namespace": "default"}, "spec": spec}
    )


def pod(**container: object) -> Pod:
    return Pod(
        metadata=ObjectMeta(name="p", namespace="default"),
        spec=PodSpec(containers=(Container(name="c", **container),)),
    )


def test_an_accepted_object_is_defaulted() -> None:
    admitted = admit(ISVC, isvc({"predictor": {"sklearn": {"storageUri": "gs://a/b"}}}), None)

    assert isinstance(admitted, InferenceService)
    assert admitted.spec.predictor.sklearn is None
    assert admitted.spec.predictor.model is not None


def test_a_kserve_refusal_reads_as_its_webhook() -> None:
    with pytest.raises(Forbidden) as refused:
        admit(ISVC, isvc({"predictor": {}}), None)

    assert refused.value.message.startswith(
        'admission webhook "inferenceservice.kserve-webhook-server.validator" denied the request: '
        "exactly one of [SKLearn, XGBoost, "
    )
    assert refused.value.causes[0].field == "spec.predictor"


def test_a_kserve_refusal_of_one_field_names_it() -> None:
    container = {"name": "c", "image": "i", "resources": {"limits": {"memory": "1Gigs"}}}
    with pytest.raises(Forbidden) as refused:
        admit(ISVC, isvc({"predictor": {"containers": [container]}}), None)

    assert "request: spec.predictor.containers[0].resources.limits.memory: Invalid value: " in (
        refused.value.message
    )


def test_both_groups_share_the_rules() -> None:
    old_group = find_kind("serving.kubeflow.org/v1beta1", "InferenceService")

    assert old_group is not None
    with pytest.raises(Forbidden):
        admit(old_group, isvc({"predictor": {}}), None)


def test_a_core_kind_is_invalid_with_all_causes() -> None:
    bad = pod(
        resources=ResourceRequirements(limits={"cpu": "lots", "memory": "-1Gi"}),
        ports=(ContainerPort(container_port=70000),),
    )
    with pytest.raises(Invalid) as refused:
        admit(kind_of(Pod), bad, None)

    assert refused.value.message.startswith('Pod "p" is invalid: [spec.containers[0].resources')
    assert [cause.field for cause in refused.value.causes] == [
        "spec.containers[0].resources.limits.cpu",
        "spec.containers[0].resources.limits.memory",
        "spec.containers[0].ports[0].containerPort",
    ]


@pytest.mark.parametrize(
    "metadata",
    [
        ObjectMeta(name=""),
        ObjectMeta(name="Upper"),
        ObjectMeta(name="a", namespace="no.dots"),
        ObjectMeta(name="a", labels={"x": "not ok"}),
        ObjectMeta(name="a", labels={"a/b/c": "x"}),
        ObjectMeta(name="a", annotations={"big": "x" * 300_000}),
    ],
    ids=["empty-name", "upper-case", "namespace", "label-value", "label-key", "annotations-size"],
)
def test_bad_metadata_is_invalid(metadata: ObjectMeta) -> None:
    with pytest.raises(Invalid):
        admit(kind_of(Pod), pod().replaced(metadata=metadata), None)


def test_an_object_being_deleted_passes() -> None:
    dying = isvc({"predictor": {}})
    dying = dying.replaced(
        metadata=dying.metadata.replaced(deletion_timestamp="2026-01-01T00:00:00Z")
    )

    assert admit(ISVC, dying, dying) == dying
