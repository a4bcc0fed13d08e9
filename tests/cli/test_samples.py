"""What to ask a service whose manifest has no example."""

import json
from typing import Any

import pytest

from kfsim.cli.samples import make_sample


def isvc(**predictor: Any) -> dict[str, Any]:
    return {"metadata": {"name": "m"}, "spec": {"predictor": predictor}}


@pytest.mark.parametrize(
    ("predictor", "path", "key"),
    [
        ({"model": {"modelFormat": {"name": "sklearn"}}}, "/v1/models/m:predict", "instances"),
        ({"model": {"protocolVersion": "v2"}}, "/v2/models/m/infer", "inputs"),
        (
            {"model": {"modelFormat": {"name": "huggingface"}}},
            "/openai/v1/chat/completions",
            "messages",
        ),
        ({"containers": [{"image": "x"}]}, "/", ""),
    ],
    ids=["v1", "v2", "chat", "custom"],
)
def test_path_and_body_follow_the_predictor(predictor: dict[str, Any], path: str, key: str) -> None:
    sample = make_sample(isvc(**predictor))
    assert sample is not None
    assert sample.path == path
    assert key in json.loads(sample.body or "{}") or not key


def test_grpc_has_no_line_for_curl() -> None:
    assert make_sample(isvc(model={"protocolVersion": "grpc-v2"})) is None
