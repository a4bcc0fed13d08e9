"""The InferenceService of a model: name, runtime, protocol, document."""

import pytest

from kfsim.base.errors import BadRequest
from kfsim.cli.model_service import (
    check_name,
    choose_runtime,
    layout_note,
    make_name,
    make_service,
    parse_format,
    render_service,
)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("iris.joblib", "iris"),
        ("/srv/My Iris (v2).joblib", "my-iris-v2"),
        ("/srv/Fraud_Net/model.joblib", "fraud-net"),
        ("/srv/fraud/", "fraud"),
        ("https://x.org/wine/model.joblib?a=1", "wine"),
        ("2024-06.pkl", "model-2024-06"),
        ("/model.joblib", "model"),
        ("/srv/ü/model.pkl", "model"),
        ("/x/" + "a" * 60 + ".pkl", "a" * 40),
        ("gs://bucket/model.pkl", "bucket"),
    ],
)
def test_names(model: str, expected: str) -> None:
    assert make_name(model) == expected
    check_name(expected)


@pytest.mark.parametrize("name", ["Iris", "1iris", "iris-", "a_b", "", "x" * 41])
def test_a_name_that_will_not_do_says_one_that_will(name: str) -> None:
    with pytest.raises(BadRequest, match=r"--name (\S+) would do") as caught:
        check_name(name)
    check_name(caught.value.message.partition("--name ")[2].partition(" ")[0])


@pytest.mark.parametrize(
    ("model_format", "runtime", "protocol", "own"),
    [
        ("sklearn", "kserve-sklearnserver", None, True),
        ("xgboost", "kserve-xgbserver", None, False),
        ("mlflow", "kserve-mlserver", "v2", False),
        ("onnx", "kserve-tritonserver", "v2", False),
    ],
)
def test_runtimes(model_format: str, runtime: str, protocol: str | None, own: bool) -> None:
    choice = choose_runtime(model_format, None)
    assert (choice.runtime.name, choice.protocol, choice.has_own_server) == (runtime, protocol, own)


@pytest.mark.parametrize("text", ["nonsense", "sklearn:99"])
def test_a_format_without_a_runtime(text: str) -> None:
    with pytest.raises(BadRequest, match=r"no runtime found .*--format"):
        choose_runtime(*parse_format(text))


def test_what_a_file_alone_does_not_do_for_is_noted() -> None:
    assert "model repository" in layout_note(choose_runtime("onnx", None), "onnx")
    assert layout_note(choose_runtime("triton", None), "triton") == ""
    assert layout_note(choose_runtime("sklearn", None), "sklearn") == ""


def test_the_document_says_what_is_no_default() -> None:
    document = make_service(
        name="iris",
        namespace="team",
        model_format=("sklearn", "1"),
        protocol="v2",
        storage_uri="../iris.joblib",
        min_replicas=0,
    )
    assert render_service(document) == (
        "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\n"
        "metadata:\n  name: iris\n  namespace: team\n"
        "spec:\n  predictor:\n    minReplicas: 0\n    model:\n"
        "      modelFormat:\n        name: sklearn\n        version: '1'\n"
        "      protocolVersion: v2\n      storageUri: ../iris.joblib\n"
    )
