"""Which image and version KFServing 0.6.1 serves a framework by."""

from typing import Any

import pytest

from kfsim.api.kfserving.servers import FRAMEWORKS, default_version, find_blocks, find_server
from kfsim.api.kserve.types import PredictorExtension, PredictorSpec

GPU = {"resources": {"limits": {"nvidia.com/gpu": "1"}}}


@pytest.mark.parametrize(
    ("block", "content", "image", "version"),
    [
        ("sklearn", {}, "kfserving/sklearnserver", "v0.6.1"),
        ("sklearn", {"protocolVersion": "v2"}, "docker.io/seldonio/mlserver", "0.2.1"),
        ("xgboost", {"protocolVersion": "v2"}, "docker.io/seldonio/mlserver", "0.2.1"),
        ("pytorch", {}, "pytorch/torchserve-kfs", "0.4.0"),
        ("pytorch", GPU, "pytorch/torchserve-kfs", "0.4.0-gpu"),
        ("pytorch", {"modelClassName": "Net"}, "kfserving/pytorchserver", "v0.6.1"),
        ("tensorflow", GPU, "tensorflow/serving", "1.14.0-gpu"),
        ("triton", GPU, "nvcr.io/nvidia/tritonserver", "20.08-py3"),
        ("tensorflow", {"resources": {"limits": {"nvidia.com/gpu": "x"}}}, "tensorflow/serving",
         "1.14.0"),
    ],
)  # fmt: skip
def test_servers(block: str, content: dict[str, Any], image: str, version: str) -> None:
    extension = PredictorExtension.model_validate(content)
    assert find_server(block, extension).image == image
    assert default_version(block, extension) == version


def test_blocks_are_those_of_the_predictor() -> None:
    for framework in FRAMEWORKS:
        assert find_blocks(PredictorSpec.model_validate({framework: {}})) == (framework,)
    assert find_blocks(PredictorSpec.model_validate({"huggingface": {}})) == ()
