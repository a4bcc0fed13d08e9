"""NVML through nvidia-ml-py, over a mock library: found, lost, broken, stuck, not there."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from kfsim.backends.gpus import Look, NvmlInventory, make_inventory
from kfsim.replicas.devices import GpuMode, GpuSettings
from tests.backends.mock_nvml import MockNvml, build_mock_nvml, device

GIB = 2**30
MEND = "set gpu: fake or gpu: ignore in kfsim.yaml to run without one"


@pytest.fixture(scope="module")
def nvml(tmp_path_factory: pytest.TempPathFactory) -> MockNvml:
    return build_mock_nvml(tmp_path_factory.mktemp("nvml"))


class Inventory:
    """The inventory in its own process."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def ask(self, how: str = "") -> dict[str, Any]:
        """One call of `usage`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{how}\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


@contextmanager
def inventory(environment: dict[str, str]) -> Iterator[Inventory]:
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("inventory_script.py"))],
        env={**os.environ, "PYTHONPATH": ":".join(sys.path), **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield Inventory(process)
    assert process.returncode == 0


def test_devices_are_listed_and_measured(nvml: MockNvml) -> None:
    nvml.write(
        device("GPU-a", used=GIB, util=35),
        device("GPU-b", name="NVIDIA A100-SXM4-40GB", total=40 * GIB, util=-1),
    )
    with inventory(nvml.environment) as process:
        answer = process.ask()
        assert answer == {
            "usage": [
                ["GPU-a", 0, "Tesla T4", GIB, 16 * GIB, 35],
                ["GPU-b", 1, "NVIDIA A100-SXM4-40GB", 0, 40 * GIB, None],
            ],
            "problem": "",
            "said": [],
        }
        nvml.write(device("GPU-a", used=2 * GIB, util=90))
        assert process.ask()["usage"] == [["GPU-a", 0, "Tesla T4", 2 * GIB, 16 * GIB, 90]]


def test_a_lost_device_leaves_the_list_until_it_answers_again(nvml: MockNvml) -> None:
    nvml.write(device("GPU-a"), device("GPU-b"))
    with inventory(nvml.environment) as process:
        process.ask()
        nvml.write(device("GPU-a", code=15), device("GPU-b"))
        answer = process.ask()
        assert [each[:2] for each in answer["usage"]] == [["GPU-b", 1]]
        (warning,) = answer["said"]
        assert warning == "GPU 0 (Tesla T4, GPU-a) is no longer used: device 0: GPU is lost"
        assert process.ask()["said"] == []
        nvml.write(device("GPU-a"), device("GPU-b"))
        assert len(process.ask()["usage"]) == 2


def test_the_loss_of_the_only_device_is_a_problem(nvml: MockNvml) -> None:
    nvml.write(device("GPU-a"))
    with inventory(nvml.environment) as process:
        process.ask()
        nvml.write(device("GPU-a", code=15))
        answer = process.ask()
        text = f"This host has no usable NVIDIA GPU: device 0: GPU is lost; {MEND}."
        assert answer["problem"] == text
        assert answer["said"][1] == text


def test_without_nvml_there_are_no_devices_which_is_said_once(tmp_path: Path) -> None:
    with inventory({"LD_LIBRARY_PATH": str(tmp_path)}) as process:
        first, second = process.ask(), process.ask()
    text = (
        "This host has no usable NVIDIA GPU: there is no NVIDIA driver (libnvidia-ml.so.1 was "
        f"not found); {MEND}."
    )
    assert first == {"usage": [], "problem": text, "said": [text]}
    assert second == {"usage": [], "problem": text, "said": []}


def test_a_driver_without_devices_says_so(nvml: MockNvml) -> None:
    nvml.write()
    with inventory(nvml.environment) as process:
        assert "the NVIDIA driver reports no device" in process.ask()["problem"]


def test_a_driver_that_is_loaded_later_is_found(nvml: MockNvml) -> None:
    nvml.write("init 9", device("GPU-a"))
    with inventory(nvml.environment) as process:
        assert "NVML says Driver Not Loaded" in process.ask()["problem"]
        nvml.write(device("GPU-a"))
        answer = process.ask()
        assert (len(answer["usage"]), answer["problem"]) == (1, "")
        nvml.write("init 9")  # and unloaded again
        assert "NVML says Driver Not Loaded" in process.ask()["problem"]
        nvml.write(device("GPU-a"))
        assert len(process.ask()["usage"]) == 1


def test_a_driver_that_does_not_answer_holds_nobody_up(nvml: MockNvml) -> None:
    nvml.write(device("GPU-a"), "sleep 30")
    with inventory(nvml.environment) as process:
        assert "did not answer within 2 s" in process.ask()["problem"]
        assert "still not answered an earlier question" in process.ask()["problem"]


def test_who_gives_up_does_not_spoil_it_for_the_next_one(nvml: MockNvml) -> None:
    nvml.write(device("GPU-a"), "sleep 1")
    with inventory(nvml.environment) as process:
        answer = process.ask("cancel")
        assert (len(answer["usage"]), answer["problem"], answer["said"]) == (1, "", [])


def test_the_settings_choose_the_inventory() -> None:
    assert isinstance(make_inventory(GpuSettings()), NvmlInventory)
    assert isinstance(make_inventory(GpuSettings(GpuMode.IGNORE)), NvmlInventory)
    fake = make_inventory(GpuSettings(GpuMode.FAKE, fake_devices=2)).devices()
    assert fake is not None
    assert [each.id for each in fake] == ["fake-gpu-0", "fake-gpu-1"]
    none = make_inventory(GpuSettings(GpuMode.FAKE, fake_devices=0))
    assert none.problem == "kfsim.yaml asks for no fake GPUs; raise gpu.fakeDevices"


async def test_a_thread_that_has_answered_and_not_yet_ended_is_no_stuck_driver(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    release = threading.Event()

    class Lingering(threading.Thread):
        def run(self) -> None:
            super().run()
            release.wait(10)

    monkeypatch.setattr("kfsim.backends.gpus.threading.Thread", Lingering)
    monkeypatch.setattr("kfsim.backends.gpus.NvmlSession.look", lambda session: Look(()))
    asked = NvmlInventory()
    try:
        await asked.usage()
        await asked.usage()
        assert "the NVIDIA driver reports no device" in asked.problem
    finally:
        release.set()
        await asked.close()
