"""inferenceservice-config as it is read, and what it fills in."""

import json
from typing import Any

import pytest

from kfsim.api.config.inferenceservice import InferenceServiceConfig
from kfsim.api.kserve.defaults import default_inference_service
from kfsim.api.kserve.types import InferenceService
from kfsim.base.errors import Invalid


def parse(**data: Any) -> InferenceServiceConfig:
    return InferenceServiceConfig.parse({key: json.dumps(value) for key, value in data.items()})


def test_defaults_are_kserves() -> None:
    config = parse()
    assert config == InferenceServiceConfig("Knative", {"cpu": "1", "memory": "2Gi"})
    assert (config.limits, config.automount_token) == ({"cpu": "1", "memory": "2Gi"}, None)


def test_what_has_no_meaning_here_is_left_alone() -> None:
    assert InferenceServiceConfig.parse({"ingress": "{", "agent": "x"}) == parse()


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("Serverless", "Knative"),
        ("RawDeployment", "Standard"),
        ("Standard", "Standard"),
        ("", "Knative"),
    ],
)
def test_the_mode_under_both_names(text: str, mode: str) -> None:
    assert parse(deploy={"defaultDeploymentMode": text}).deployment_mode == mode


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ({"deploy": "{"}, "deploy is no JSON"),
        ({"deploy": "[]"}, r"data: deploy is \[\]; it must be an object"),
        ({"deploy": '{"defaultDeploymentMode": "Mesh"}'}, "'Mesh'; it must be one of Knative"),
        ({"security": '{"autoMountServiceAccountToken": "no"}'}, "true or false"),
        ({"inferenceService": '{"resource": 1}'}, "resource is 1"),
        ({"inferenceService": '{"resource": {"cpuLimit": "one"}}'}, "cpuLimit"),
    ],
)
def test_a_bad_value_is_named(data: dict[str, str], named: str) -> None:
    with pytest.raises(Invalid, match=named):
        InferenceServiceConfig.parse(data)


def test_what_is_not_said_is_filled_in() -> None:
    config = parse(
        deploy={"defaultDeploymentMode": "Standard"},
        inferenceService={"resource": {"cpuRequest": "100m", "memoryLimit": ""}},
        security={"autoMountServiceAccountToken": False},
    )
    isvc = InferenceService.model_validate(
        {
            "metadata": {"name": "a", "namespace": "b"},
            "spec": {"predictor": {"containers": [{"image": "x"}]}},
        }
    )
    filled = default_inference_service(isvc, config)
    assert filled.metadata.annotations["serving.kserve.io/deploymentMode"] == "Standard"
    predictor = filled.spec.predictor
    assert predictor.automount_service_account_token is False
    resources = predictor.containers[0].resources
    assert resources is not None
    assert resources.requests == {"cpu": "100m", "memory": "2Gi"}
    assert resources.limits == {"cpu": "1"}
    assert default_inference_service(filled, config) == filled
    own = filled.replaced(
        spec=filled.spec.replaced(
            predictor=predictor.replaced(automount_service_account_token=True)
        )
    )
    assert default_inference_service(own, config) == own
