"""GPUs in containers: an engine with NVIDIA's hook (a program that does nothing), a mock NVML."""

import re
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.backends.mock_nvml import MockNvml, device
from tests.live.containers import ask, find_pod, find_status, make_container, write_service
from tests.live.tool import Kfsim
from tests.waiting import wait_until

DOCKER = "--runtime=docker"
SHORT = "0/1 nodes are available: 1 Insufficient nvidia.com/gpu."
SEES = "[os.environ.get(name) for name in ('NVIDIA_VISIBLE_DEVICES', 'CUDA_VISIBLE_DEVICES')]"


def write_gpu_service(kfsim: Kfsim, name: str, image: str, **more: Any) -> Path:
    """A service of one GPU."""
    resources = {"limits": {"nvidia.com/gpu": 1}}
    return write_service(kfsim, name, make_container(image, resources=resources), **more)


def users_by_device(kfsim: Kfsim) -> dict[str, str]:
    """What `kfsim top` shows: the services that use each device."""
    rows = [re.split(r" {2,}", line) for line in kfsim.run("top", "--no-headers").splitlines()]
    return {row[2]: row[6].removeprefix("default/").partition("-predictor")[0] for row in rows}


def metrics(kfsim: Kfsim) -> list[str]:
    with urllib.request.urlopen(f"http://{kfsim.daemon['api']}/metrics") as response:
        text: str = response.read().decode()
    return text.splitlines()


def test_each_container_gets_a_device_of_its_own_and_keeps_it(
    private_kfsim: Kfsim, base_image: str, nvml: MockNvml
) -> None:
    kfsim = private_kfsim
    nvml.write(device("GPU-a", used=2**30, util=35), device("GPU-b", used=3 * 2**30))
    first = write_gpu_service(kfsim, "first", base_image)
    write_gpu_service(kfsim, "second", base_image)
    kfsim.up(DOCKER)
    given = {name: ask(kfsim, name, SEES)[0] for name in ("first", "second")}
    assert sorted(given.values()) == ["GPU-a", "GPU-b"]
    owners = {device: name for name, device in given.items()}
    assert users_by_device(kfsim) == owners

    # The third finds none; so it stays over the daemon's death, after which the others go on.
    write_gpu_service(kfsim, "third", base_image)
    assert SHORT in kfsim.up("--timeout=2s", check=False)
    ids = {name: find_status(kfsim, name)["containerID"] for name in given}
    kfsim.kill_daemon()
    kfsim.up(DOCKER, "--timeout=1s", check=False)
    assert {name: find_status(kfsim, name)["containerID"] for name in given} == ids
    assert {name: ask(kfsim, name, SEES)[0] for name in given} == given
    assert users_by_device(kfsim) == owners
    used = [line for line in metrics(kfsim) if line.startswith("DCGM_FI_DEV_FB_USED{")]
    for name, uuid in given.items():
        (line,) = (each for each in used if f'UUID="{uuid}"' in each)
        assert f'pod="{name}-predictor-00001' in line
    conditions = find_pod(kfsim, "third")["status"]["conditions"]
    assert [each["message"] for each in conditions] == [SHORT]
    (row,) = (line for line in kfsim.run("get", "pods").splitlines() if "third" in line)
    assert row.split()[1:3] == ["0/2", "Pending"]
    assert SHORT in kfsim.run("why", "third")

    first.unlink()
    kfsim.up()
    assert ask(kfsim, "third", SEES)[0] == given["first"]
    assert users_by_device(kfsim) == {**owners, given["first"]: "third"}


def test_fake_devices_need_no_hook_and_processes_get_theirs_too(
    kfsim: Kfsim, engine: str, base_image: str
) -> None:
    kfsim.docker_host = engine
    kfsim.write("kfsim.yaml", "gpu: {mode: fake, fakeDevices: 2}\n")
    write_gpu_service(kfsim, "contained", base_image)
    asked = {"kfsim.dev/runtime": "process"}
    write_gpu_service(kfsim, "process", base_image, annotations=asked)
    kfsim.up(DOCKER)
    contained, process = (ask(kfsim, name, SEES) for name in ("contained", "process"))
    assert sorted((contained[0], process[0])) == ["fake-gpu-0", "fake-gpu-1"]
    assert process[1] == ""  # CUDA must not find what does not exist
    assert sorted(users_by_device(kfsim).values()) == ["contained", "process"]


def test_containers_and_processes_share_one_allocator(
    private_kfsim: Kfsim, base_image: str, nvml: MockNvml
) -> None:
    kfsim = private_kfsim
    nvml.write(device("GPU-a"), device("GPU-b"))
    write_gpu_service(kfsim, "contained", base_image)
    asked = {"kfsim.dev/runtime": "process"}
    write_gpu_service(kfsim, "process", base_image, annotations=asked)
    kfsim.up(DOCKER)
    contained, process = (ask(kfsim, name, SEES) for name in ("contained", "process"))
    assert sorted((contained[0], process[1])) == ["GPU-a", "GPU-b"]
    wait_until(
        lambda: sorted(users_by_device(kfsim).values()) == ["contained", "process"], what="top"
    )


def test_an_engine_without_the_hook_says_what_is_missing(
    kfsim: Kfsim, engine: str, base_image: str, nvml: MockNvml
) -> None:
    kfsim.docker_host = engine
    nvml.write(device("GPU-a"))
    write_gpu_service(kfsim, "web", base_image)
    if ask_for_nvidia(kfsim, base_image):
        pytest.skip("this engine has NVIDIA's hook")
    output = kfsim.up(DOCKER, check=False)
    assert "could not select device driver" in output
    assert "nvidia-container-toolkit" in output.lower().replace(" ", "-")


def ask_for_nvidia(kfsim: Kfsim, image: str) -> bool:
    """Whether the engine accepts requests for GPUs."""
    try:
        kfsim.docker.run("run", "--rm", "--network=none", "--gpus=all", image, "true")
    except RuntimeError:
        return False
    return True
