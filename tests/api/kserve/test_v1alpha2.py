"""The fields of v1alpha2, as KFServing's samples use them."""

import pytest
from pydantic import ValidationError

from kfsim.api.kserve.v1alpha2 import FRAMEWORKS, V1alpha2InferenceService


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_framework_is_a_field(framework: str) -> None:
    predictor = {framework: {"storageUri": "gs://bucket/model"}}
    made = V1alpha2InferenceService.model_validate(
        {"metadata": {"name": "x"}, "spec": {"default": {"predictor": predictor}}}
    )
    assert getattr(made.spec.default.predictor, framework).storage_uri == "gs://bucket/model"


def test_a_default_endpoint_is_required() -> None:
    with pytest.raises(ValidationError, match="default"):
        V1alpha2InferenceService.model_validate({"metadata": {"name": "x"}, "spec": {}})
