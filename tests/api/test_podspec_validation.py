"""Quantities, ports, environment and names within a PodSpec."""

from typing import Any

import pytest

from kfsim.api.core import PodSpec
from kfsim.api.podspec_validation import validate_pod_spec


def fields(spec: dict[str, Any]) -> list[str]:
    found = validate_pod_spec(PodSpec.model_validate(spec), path="spec")
    return [cause.field for cause in found]


def one(**container: Any) -> dict[str, Any]:
    return {"containers": [{"name": "c", **container}]}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (one(resources={"limits": {"cpu": "500m", "memory": "1.5Gi", "a/b": 1}}), []),
        (
            one(resources={"requests": {"memory": "2 Gi"}}),
            ["spec.containers[0].resources.requests.memory"],
        ),
        (one(resources={"limits": {"cpu": -1}}), ["spec.containers[0].resources.limits.cpu"]),
        (one(ports=[{"containerPort": 0}]), ["spec.containers[0].ports[0].containerPort"]),
        (one(env=[{"name": ""}]), ["spec.containers[0].env[0].name"]),
        (
            one(env=[{"name": "A", "value": "x", "valueFrom": {"fieldRef": {"fieldPath": "p"}}}]),
            ["spec.containers[0].env[0].valueFrom"],
        ),
        ({"containers": [{"name": "c"}, {"name": "c"}]}, ["spec.containers[1].name"]),
        (
            {"containers": [{"name": "c"}], "initContainers": [{"name": "c"}]},
            ["spec.initContainers[0].name"],
        ),
        ({"volumes": [{"name": "v"}, {"name": "v"}]}, ["spec.volumes[1].name"]),
        (
            {"volumes": [{"name": "v", "emptyDir": {"sizeLimit": "big"}}]},
            ["spec.volumes[0].emptyDir.sizeLimit"],
        ),
    ],
    ids=[
        "good", "space-in-quantity", "negative", "port", "env-name", "env-both", "container-twice",
        "init-container-twice", "volume-twice", "size-limit",
    ],
)  # fmt: skip
def test_fields(spec: dict[str, Any], expected: list[str]) -> None:
    assert fields(spec) == expected
