"""GPUs over the API: /kfsim/v1/top, `kfsim top`, and /metrics."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from kfsim.base.clock import RealClock
from kfsim.base.entropy import SeededEntropy
from kfsim.daemon.gpus import GpuReport
from kfsim.daemon.metrics import Metrics
from kfsim.kubeapi import ApiServer
from kfsim.replicas.allocator import Holding
from kfsim.replicas.devices import FixedInventory, GpuDevice, GpuUsage, Holder
from kfsim.store import Store

MIB = 2**20
T4 = GpuDevice("GPU-1", 0, "Tesla T4", 16 * 1024 * MIB)
A100 = GpuDevice("GPU-2", 1, 'A100 "SXM"', 40 * 1024 * MIB)
IRIS = Holding("GPU-1", Holder("default", "iris-1", "u1"), "kserve-container")
ROSE = Holding("GPU-1", Holder("garden", "rose-1", "u2"), "server")


class Measured(FixedInventory):
    """Devices of which one is busy, and one cannot tell."""

    async def usage(self) -> tuple[GpuUsage, ...]:
        return (
            GpuUsage(T4, 1024 * MIB, T4.memory_bytes, 35),
            GpuUsage(A100, 0, A100.memory_bytes, None),
        )


@pytest.fixture
async def url(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    report = request.param
    clock, entropy = RealClock(), SeededEntropy(1)
    metrics = Metrics(clock)
    metrics.add(report)

    async def top(query: object) -> object:
        return await report.top()

    server = ApiServer(
        store=Store(clock=clock, entropy=entropy),
        clock=clock,
        entropy=entropy,
        extensions={"GET /top": top},
        metrics=metrics.render,
    )
    port = await server.serve("127.0.0.1", 0)
    yield f"127.0.0.1:{port}"
    await server.close()


def report(*holdings: Holding) -> GpuReport:
    return GpuReport(inventory=Measured(), holdings=lambda: holdings)


NONE = GpuReport(inventory=FixedInventory(problem="No GPU: no driver."), holdings=lambda: ())


async def kfsim(*words: str) -> tuple[str, str]:
    """Standard output and standard error of a command that succeeds."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "kfsim",
        *words,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert process.returncode == 0, errors
    return output.decode(), errors.decode()


@pytest.mark.parametrize("url", [report(IRIS, ROSE)], indirect=True)
async def test_top_is_a_table_of_devices(url: str) -> None:
    output, _ = await kfsim("top", f"--api={url}")
    assert [re.split(r" {2,}", line) for line in output.splitlines()] == [
        ["INDEX", "NAME", "UUID", "MEMORY-USED", "MEMORY-TOTAL", "UTIL", "PODS"],
        ["0", "Tesla T4", "GPU-1", "1024Mi", "16384Mi", "35%", "default/iris-1,garden/rose-1"],
        ["1", 'A100 "SXM"', "GPU-2", "0Mi", "40960Mi", "<unknown>", "<none>"],
    ]
    output, _ = await kfsim("top", f"--api={url}", "--no-headers")
    assert output.startswith("0   Tesla")


@pytest.mark.parametrize("url", [report(IRIS)], indirect=True)
async def test_top_as_json(url: str) -> None:
    output, _ = await kfsim("top", f"--api={url}", "-o", "json")
    document = json.loads(output)
    assert document["reason"] == ""
    assert document["gpus"][0] == {
        "index": 0,
        "name": "Tesla T4",
        "uuid": "GPU-1",
        "memoryUsed": 1024 * MIB,
        "memoryTotal": T4.memory_bytes,
        "utilizationPercent": 35,
        "pods": [{"namespace": "default", "name": "iris-1", "container": "kserve-container"}],
    }


@pytest.mark.parametrize("url", [NONE], indirect=True)
async def test_without_a_gpu_one_line_says_why(url: str) -> None:
    assert await kfsim("top", f"--api={url}") == ("", "No GPU: no driver.\n")


@pytest.mark.parametrize("url", [report(IRIS, ROSE)], indirect=True)
async def test_metrics_have_dcgm_exporters_names_and_labels(url: str) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://{url}/metrics") as response,
    ):
        assert response.headers["Content-Type"].startswith("text/plain; version=")
        text = await response.text()
    labels = ("gpu", "UUID", "device", "modelName", "namespace", "pod", "container")
    samples = {
        (each.name, *(each.labels[label] for label in labels)): each.value
        for family in text_string_to_metric_families(text)
        for each in family.samples
    }
    iris = ("0", "GPU-1", "nvidia0", "Tesla T4", "default", "iris-1", "kserve-container")
    rose = ("0", "GPU-1", "nvidia0", "Tesla T4", "garden", "rose-1", "server")
    idle = ("1", "GPU-2", "nvidia1", 'A100 "SXM"', "", "", "")
    assert samples == {
        ("DCGM_FI_DEV_GPU_UTIL", *iris): 35,
        ("DCGM_FI_DEV_GPU_UTIL", *rose): 35,
        ("DCGM_FI_DEV_FB_USED", *iris): 1024,
        ("DCGM_FI_DEV_FB_USED", *rose): 1024,
        ("DCGM_FI_DEV_FB_FREE", *iris): 15 * 1024,
        ("DCGM_FI_DEV_FB_FREE", *rose): 15 * 1024,
        ("DCGM_FI_DEV_FB_USED", *idle): 0,
        ("DCGM_FI_DEV_FB_FREE", *idle): 40 * 1024,
    }
    assert "# TYPE DCGM_FI_DEV_GPU_UTIL gauge" in text
    assert text.count('Hostname="kfsim"') == len(samples)


@pytest.mark.parametrize("url", [NONE], indirect=True)
async def test_metrics_of_a_host_without_gpus_have_no_sample(url: str) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://{url}/metrics") as response,
    ):
        lines = (await response.text()).splitlines()
    assert lines
    assert all(line.startswith("#") for line in lines)


def test_a_daemon_loads_nothing_for_gpus_before_it_is_asked() -> None:
    program = (
        "import sys, kfsim.daemon.serving\n"
        "print({'pynvml', 'prometheus_client'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "set()\n"
