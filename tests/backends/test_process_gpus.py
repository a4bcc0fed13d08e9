"""The GPUs that a process is shown."""

import pytest

from kfsim.api.core import Container, ContainerPort, EnvVar
from kfsim.backends.process.gpus import make_gpu_variables
from kfsim.backends.process.recipes import Surroundings, make_plan

GIVEN = ("GPU-a", "GPU-b")


@pytest.mark.parametrize(
    ("devices", "asked", "visible", "mounted"),
    [
        ((), None, "", None),
        (GIVEN, None, "GPU-a,GPU-b", "GPU-a,GPU-b"),
        (("fake-gpu-0", "fake-gpu-1"), None, "", "fake-gpu-0,fake-gpu-1"),
        (GIVEN, "1", "GPU-b", "GPU-a,GPU-b"),
        (GIVEN, "1, 0", "GPU-b,GPU-a", "GPU-a,GPU-b"),
        (GIVEN, "GPU-b", "GPU-b", "GPU-a,GPU-b"),
        (GIVEN, "0,2,1", "GPU-a", "GPU-a,GPU-b"),
        (GIVEN, "-1", "", "GPU-a,GPU-b"),
        ((), "0", "", None),
        (("fake-gpu-0",), "0", "", "fake-gpu-0"),
    ],
    ids=[
        "none", "given", "fake", "one-of-two", "other-order", "by-id", "up-to-the-missing",
        "none-wanted", "not-the-hosts", "fake-by-index",
    ],
)  # fmt: skip
def test_a_process_sees_what_its_container_was_given(
    devices: tuple[str, ...], asked: str | None, visible: str, mounted: str | None
) -> None:
    variables = make_gpu_variables(devices, asked=asked)
    assert variables["CUDA_VISIBLE_DEVICES"] == visible
    assert variables.get("NVIDIA_VISIBLE_DEVICES") == mounted


@pytest.mark.parametrize(
    "container",
    [
        Container(name="c", command=("server",), args=("--port=8080",)),
        Container(name="c", image="kserve/sklearnserver:v1", args=("--model_name=m",)),
    ],
    ids=["custom", "builtin"],
)
def test_every_recipe_shows_them(container: Container) -> None:
    given = container.replaced(
        ports=(ContainerPort(container_port=8080),),
        env=(EnvVar(name="CUDA_VISIBLE_DEVICES", value="1"),),
    )
    surroundings = Surroundings(base={}, ports={8080: 21000}, mounts=(), devices=GIVEN)
    plan = make_plan(given, surroundings, serving_port=8080)
    assert plan.env["CUDA_VISIBLE_DEVICES"] == "GPU-b"
    assert plan.env["NVIDIA_VISIBLE_DEVICES"] == "GPU-a,GPU-b"
