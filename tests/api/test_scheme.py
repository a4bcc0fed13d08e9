"""Which kinds exist, and how users and manifests name them."""

import pytest

from kfsim.api import core
from kfsim.api.knative import serving as knative_serving
from kfsim.api.kserve import types as kserve
from kfsim.api.scheme import KINDS, find_by_name, find_kind, find_resource, kind_of


@pytest.mark.parametrize("resource", KINDS, ids=lambda resource: resource.resource)
def test_a_kind_survives_its_own_encoding(resource: object) -> None:
    model = resource.model  # type: ignore[attr-defined]  # parametrised
    made = model(metadata={"name": "x"})
    assert model.model_validate_json(made.encode()) == made
    assert made.kind == model.KIND


@pytest.mark.parametrize(
    ("word", "model"),
    [
        ("isvc", kserve.InferenceService),
        ("InferenceService", kserve.InferenceService),
        ("inferenceservices.serving.kubeflow.org", kserve.InferenceService),
        ("svc", core.Service),
        ("services", core.Service),
        ("ksvc", knative_serving.Service),
        ("services.serving.knative.dev", knative_serving.Service),
        ("services.v1.serving.knative.dev", knative_serving.Service),
    ],
)
def test_words_name_kinds(word: str, model: type) -> None:
    found = find_by_name(word)
    assert found is not None
    assert found.model is model


def test_both_inference_service_groups_are_one_kind() -> None:
    old = find_kind("serving.kubeflow.org/v1beta1", "InferenceService")
    assert old is kind_of(kserve.InferenceService)
    assert find_resource("serving.kubeflow.org/v1beta1", "inferenceservices") is old
    assert find_by_name("nonsense") is None
