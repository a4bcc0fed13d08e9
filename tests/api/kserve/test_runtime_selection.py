"""Selection follows KServe's order and tells why the others lost."""

from typing import Any

import pytest

from kfsim.api.kserve.builtin_runtimes import builtin_runtimes
from kfsim.api.kserve.runtime_selection import (
    Selection,
    collect_runtimes,
    lowest_protocol,
    select_runtime,
)
from kfsim.api.kserve.types import ClusterServingRuntime, ModelSpec, ServingRuntime


def model(name: str, version: str | None = None, **fields: Any) -> ModelSpec:
    return ModelSpec.model_validate({"modelFormat": {"name": name, "version": version}, **fields})


def runtime(
    name: str, *, created: str = "2026-01-01T00:00:00Z", namespaced: bool = False, **spec: Any
) -> ServingRuntime | ClusterServingRuntime:
    formats = spec.pop("formats", [{"name": "f", "version": "1", "autoSelect": True}])
    kind = ServingRuntime if namespaced else ClusterServingRuntime
    return kind.model_validate(
        {
            "metadata": {"name": name, "creationTimestamp": created},
            "spec": {
                "supportedModelFormats": formats,
                "containers": [{"name": "kserve-container"}],
                **spec,
            },
        }
    )


def select(
    wanted: ModelSpec, *runtimes: ServingRuntime | ClusterServingRuntime, multi_node: bool = False
) -> Selection:
    namespaced = [r for r in runtimes if isinstance(r, ServingRuntime)]
    cluster = [r for r in runtimes if isinstance(r, ClusterServingRuntime)]
    return select_runtime(wanted, collect_runtimes(namespaced, cluster), multi_node=multi_node)


def chosen(selection: Selection) -> str:
    assert selection.chosen is not None, selection.message
    return selection.chosen.name


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        (model("sklearn"), "kserve-sklearnserver"),
        (model("sklearn", "1"), "kserve-sklearnserver"),
        (model("sklearn", protocolVersion="v2"), "kserve-mlserver"),
        (model("sklearn", "0", protocolVersion="v2"), "kserve-mlserver"),
        (model("xgboost"), "kserve-xgbserver"),
        (model("lightgbm"), "kserve-lgbserver"),
        (model("pmml", "4"), "kserve-pmmlserver"),
        (model("tensorflow"), "kserve-tensorflow-serving"),
        (model("tensorflow", "2"), "kserve-tensorflow-serving"),
        (model("pytorch"), "kserve-torchserve"),
        (model("onnx", protocolVersion="v2"), "kserve-tritonserver"),
        (model("openvino"), "kserve-openvino"),
        (model("triton", protocolVersion="v2"), "kserve-tritonserver"),
        (model("huggingface", protocolVersion="v2"), "kserve-huggingfaceserver"),
        (model("mlflow", protocolVersion="v2"), "kserve-mlserver"),
        (model("vLLM", protocolVersion="v2"), "kserve-vllmserver"),
        (model("sklearn", runtime="kserve-predictiveserver"), "kserve-predictiveserver"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_builtin_choices(wanted: ModelSpec, name: str) -> None:
    assert chosen(select(wanted, *builtin_runtimes())) == name


@pytest.mark.parametrize(
    ("runtimes", "name"),
    [
        ([runtime("b"), runtime("a")], "a"),
        ([runtime("a"), runtime("b", created="2026-02-01T00:00:00Z")], "b"),
        (
            [runtime("a", protocolVersions=["v1", "v2"]), runtime("b", protocolVersions=["v1"])],
            "a",
        ),
        (
            [
                runtime("a"),
                runtime("b", formats=[{"name": "f", "autoSelect": True, "priority": 1}]),
                runtime("c", formats=[{"name": "f", "autoSelect": True, "priority": 2}]),
            ],
            "c",
        ),
        (
            [
                runtime("a", formats=[{"name": "f", "autoSelect": True, "priority": 9}]),
                runtime("z", namespaced=True),
            ],
            "z",
        ),
        ([runtime("a", disabled=True), runtime("b")], "b"),
    ],
    ids=["name", "newest", "protocol", "priority", "namespaced-first", "disabled"],
)
def test_order(runtimes: list[ServingRuntime | ClusterServingRuntime], name: str) -> None:
    assert chosen(select(model("f"), *runtimes)) == name


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({"disabled": True}, "is disabled"),
        ({"multiModel": True}, "is for multi-model serving"),
        ({"protocolVersions": ["v2"]}, "speaks v2, not v1"),
        ({"workerSpec": {"containers": []}}, "is multi-node"),
        ({"formats": [{"name": "f", "version": "1"}]}, "only when model.runtime names it"),
        ({"formats": [{"name": "f", "version": "2", "autoSelect": True}]}, "supports f 2"),
    ],
    ids=["disabled", "multi-model", "protocol", "multi-node", "not-auto", "version"],
)
def test_a_rejected_candidate_says_why(spec: dict[str, Any], text: str) -> None:
    selection = select(model("f", "1"), runtime("r", **spec), runtime("o", formats=[]))

    assert selection.chosen is None
    assert selection.reason == "NoSupportingRuntime"
    assert selection.message.startswith(
        "no runtime found to support predictor with model type: {f 1}; r: "
    )
    assert text in selection.message
    assert selection.message.endswith("; 1 other does not know the format")


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("sklern", "; no runtime knows the format; did you mean sklearn?"),
        ("SKLearn", "; no runtime knows the format; did you mean sklearn?"),
        ("zzz", "; no runtime knows the format; known are onnx, sklearn"),
    ],
)
def test_a_format_that_no_runtime_knows(name: str, end: str) -> None:
    known = [runtime(each, formats=[{"name": each}]) for each in ("sklearn", "onnx")]
    assert select(model(name), *known).message.endswith(end)


@pytest.mark.parametrize(
    ("wanted", "reason", "text"),
    [
        ({"runtime": "nope"}, "RuntimeNotRecognized", "known: off, r"),
        ({"runtime": "off"}, "RuntimeDisabled", "off is disabled"),
        ({"runtime": "r", "protocolVersion": "v2"}, "NoSupportingRuntime", "it speaks v1"),
        ({"runtime": "r", "modelFormat": {"name": "g"}}, "NoSupportingRuntime", "supports f 1"),
    ],
    ids=["unknown", "disabled", "protocol", "format"],
)
def test_a_named_runtime_that_will_not_do(wanted: dict[str, Any], reason: str, text: str) -> None:
    spec = ModelSpec.model_validate({"modelFormat": {"name": "f"}, **wanted})
    selection = select(spec, runtime("r", protocolVersions=["v1"]), runtime("off", disabled=True))

    assert selection.chosen is None
    assert selection.reason == reason
    assert text in selection.message


def test_a_named_runtime_is_looked_up_in_the_namespace_first() -> None:
    selection = select(
        model("f", runtime="r"), runtime("r", disabled=True), runtime("r", namespaced=True)
    )

    assert selection.chosen is not None
    assert not selection.chosen.cluster_scoped


def test_multi_node_wants_workers() -> None:
    single, workers = runtime("s"), runtime("w", workerSpec={"containers": [{"name": "w"}]})

    assert chosen(select(model("f"), single, workers, multi_node=True)) == "w"


def test_lowest_protocol() -> None:
    assert lowest_protocol(runtime("r", protocolVersions=["grpc-v2", "v2"]).spec) == "v2"
    assert lowest_protocol(runtime("r").spec) is None
