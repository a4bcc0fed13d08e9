"""Tags: the wanted version, the GPU build, the CPU sibling."""

import pytest

from kfsim.api.core import Container, ResourceRequirements
from kfsim.controllers.inferenceservice.images import tagged_image

GPU = ResourceRequirements(limits={"nvidia.com/gpu": "1"})


@pytest.mark.parametrize(
    ("image", "version", "server", "gpu", "expected"),
    [
        ("a/b:1", "2", "", False, "a/b:2"),
        ("a/b", "2", "", False, "a/b:2"),
        ("host:5000/a/b", "2", "", False, "host:5000/a/b:2"),
        ("a/b@sha256:00", "2", "", False, "a/b@sha256:00"),
        ("a/b:1", None, "torchserve", False, "a/b:1"),
        ("a/b:1", None, "torchserve", True, "a/b:1-gpu"),
        ("a/b:1-gpu", None, "tensorflow-serving", True, "a/b:1-gpu"),
        ("a/b:1", "2", "torchserve", True, "a/b:2"),
        ("a/b:1", None, "sklearnserver", True, "a/b:1"),
        ("vllm/openai:1", None, "vllmserver", False, "vllm/openai-cpu:1"),
        ("vllm/openai:1", None, "vllmserver", True, "vllm/openai:1"),
    ],
)
def test_tag(image: str, version: str | None, server: str, gpu: bool, expected: str) -> None:
    container = Container(name="c", image=image, resources=GPU if gpu else None)

    assert tagged_image(container, runtime_version=version, server_type=server) == expected
