"""Priorities within and among runtimes, workerSpec and blocked variables."""

from typing import Any

import pytest

from kfsim.api.kserve.runtime_validation import validate_serving_runtime
from kfsim.api.kserve.types import ClusterServingRuntime, ServingRuntime

FORMAT = {"name": "sklearn", "version": "1", "autoSelect": True, "priority": 1}


def spec(*formats: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "containers": [{"name": "kserve-container"}],
        "supportedModelFormats": list(formats),
        "protocolVersions": ["v1"],
        **fields,
    }


def runtime(name: str, given: dict[str, Any]) -> ServingRuntime:
    metadata = {"name": name, "namespace": "team"}
    return ServingRuntime.model_validate({"metadata": metadata, "spec": given})


def cluster_runtime(name: str, given: dict[str, Any]) -> ClusterServingRuntime:
    return ClusterServingRuntime.model_validate({"metadata": {"name": name}, "spec": given})


def first(*arguments: Any) -> str:
    return next((cause.message for cause in validate_serving_runtime(*arguments)), "")


@pytest.mark.parametrize(
    ("formats", "text"),
    [
        (
            [FORMAT, {**FORMAT, "version": "2", "priority": 2}],
            (
                "different priorities assigned for the model format sklearn under the "
                "clusterservingruntime r"
            ),
        ),
        ([{**FORMAT, "priority": 0}], "priority must be greater than zero, got 0"),
        ([FORMAT, {**FORMAT, "version": "2"}], ""),
        ([FORMAT, {**FORMAT, "version": "2", "priority": 2, "autoSelect": False}], ""),
    ],
)
def test_priorities_within_a_runtime(formats: list[dict[str, Any]], text: str) -> None:
    assert first(cluster_runtime("r", spec(*formats))) == text


@pytest.mark.parametrize(
    ("other", "clashes"),
    [
        (spec(FORMAT), True),
        (spec({**FORMAT, "name": "SKLearn"}), True),
        (spec({**FORMAT, "version": "2"}), False),
        (spec({**FORMAT, "priority": 2}), False),
        (spec({**FORMAT, "priority": None}), False),
        (spec({**FORMAT, "autoSelect": None}), False),
        (spec(FORMAT, disabled=True), False),
        (spec(FORMAT, multiModel=True), False),
        (spec(FORMAT, protocolVersions=["v2"]), False),
    ],
)
def test_priorities_among_runtimes(other: dict[str, Any], clashes: bool) -> None:
    text = "same priority assigned for the model format sklearn in the "
    one = runtime("new", spec(FORMAT))
    said = first(one, None, [one, runtime("there", other)])
    assert said == (f"{text}servingruntimes there and new in namespace team" if clashes else "")
    wide = cluster_runtime("new", spec(FORMAT))
    said = first(wide, None, [cluster_runtime("there", other)])
    assert said == (f"{text}clusterservingruntimes there and new" if clashes else "")


def test_a_disabled_runtime_may_clash() -> None:
    new = runtime("new", spec(FORMAT, disabled=True))
    assert first(new, None, [runtime("there", spec(FORMAT))]) == ""


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        (
            {"workerSpec": {"containers": [{"name": "a"}, {"name": "b"}]}},
            (
                "the ServingRuntime r is invalid: setting multiple containers in workerSpec is not "
                "allowed"
            ),
        ),
        (
            {
                "workerSpec": {"containers": [{"name": "worker-container"}]},
                "containers": [
                    {"name": "kserve-container", "env": [{"name": "TENSOR_PARALLEL_SIZE"}]}
                ],
            },
            (
                "the ServingRuntime r is invalid: setting TENSOR_PARALLEL_SIZE in environment "
                "variables is not allowed"
            ),
        ),
        (
            {
                "workerSpec": {
                    "containers": [
                        {"name": "worker-container", "resources": {"limits": {"a.b/gpu": 1}}}
                    ]
                }
            },
            (
                "the ServingRuntime r is invalid: unknown GPU resource type in a "
                "container(worker-container)"
            ),
        ),
        (
            {"workerSpec": {"pipelineParallelSize": 0}},
            (
                "the ServingRuntime r is invalid: the WorkerSpec.PipelineParallelSize cannot be "
                "less than 1(0)"
            ),
        ),
        (
            {"containers": [{"name": "c", "env": [{"name": "PYTHONPATH", "value": "x"}]}]},
            (
                'the ServingRuntime "r" is invalid: setting PYTHONPATH in container "c" is not '
                "allowed for security reasons"
            ),
        ),
        ({"containers": []}, "no container is defined"),
    ],
)
def test_refused(fields: dict[str, Any], text: str) -> None:
    assert first(runtime("r", spec(**fields))) == text


def test_a_worker_cannot_be_taken_away() -> None:
    old = runtime("r", spec(workerSpec={"containers": [{"name": "worker-container"}]}))
    said = first(runtime("r", spec()), old)
    assert said.endswith("removing workerSpec where it already exists is not allowed")
