"""GPUs on the process backend: a real daemon over a mock NVML, kfsim.yaml, top and metrics."""

import json
import re
import urllib.request
from pathlib import Path

from tests.backends.mock_nvml import MockNvml, device
from tests.live.tool import Kfsim
from tests.waiting import wait_until

SHORT = "0/1 nodes are available: 1 Insufficient nvidia.com/gpu."
# Answers every request with the GPUs that it sees.
SERVER = """\
import http.server, json, os
class H(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        names = ("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES")
        body = json.dumps([os.environ.get(name) for name in names]).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_GET = lambda self: self.send_error(404)
    log_message = lambda self, *a: None
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), H).serve_forever()
"""


def write_service(kfsim: Kfsim, name: str, *, gpus: int) -> Path:
    limits = {"nvidia.com/gpu": gpus} if gpus else {}
    container = {
        "name": "kserve-container",
        "image": "example/custom",
        "command": ["python3", "-c", SERVER],
        "resources": {"limits": limits},
    }
    document = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": name},
        "spec": {"predictor": {"minReplicas": 1, "containers": [container]}},
    }
    return kfsim.write(f"{name}.json", json.dumps(document))


def sees(kfsim: Kfsim, name: str) -> list[str | None]:
    answer: list[str | None] = kfsim.post(name)[1]
    return answer


def metrics(kfsim: Kfsim) -> list[str]:
    with urllib.request.urlopen(f"http://{kfsim.daemon['api']}/metrics") as response:
        text: str = response.read().decode()
    return text.splitlines()


def test_services_share_the_hosts_gpus_one_at_a_time(kfsim: Kfsim, nvml: MockNvml) -> None:
    nvml.write(device("GPU-a", used=2**30, util=35))
    write_service(kfsim, "plain", gpus=0)
    first = write_service(kfsim, "first", gpus=1)
    kfsim.up()
    assert sees(kfsim, "first") == ["GPU-a", "GPU-a"]
    assert sees(kfsim, "plain") == ["", None]

    write_service(kfsim, "second", gpus=1)
    output = kfsim.up("--timeout=5s", check=False)
    assert SHORT in output
    assert SHORT in kfsim.run("why", "second")
    (pod,) = (line for line in kfsim.run("get", "pods").splitlines() if "second" in line)
    assert pod.split()[1:3] == ["0/2", "Pending"]

    (row,) = (re.split(r" {2,}", line) for line in kfsim.run("top", "--no-headers").splitlines())
    assert row[:6] == ["0", "Tesla T4", "GPU-a", "1024Mi", "16384Mi", "35%"]
    assert row[6].startswith("default/first-predictor-00001")
    (line,) = (each for each in metrics(kfsim) if each.startswith("DCGM_FI_DEV_FB_USED{"))
    assert 'UUID="GPU-a"' in line
    assert 'container="kserve-container"' in line
    assert line.endswith(" 1024.0")

    first.unlink()
    kfsim.up()
    wait_until(lambda: "first" not in kfsim.run("get", "pods"), what="the first one is gone")
    assert sees(kfsim, "second") == ["GPU-a", "GPU-a"]


def test_a_host_without_gpus_says_why_and_what_to_do(kfsim: Kfsim) -> None:
    write_service(kfsim, "iris", gpus=1)
    output = kfsim.up("--timeout=5s", check=False)
    assert SHORT in output
    assert "set gpu: fake or gpu: ignore in kfsim.yaml" in output
    assert "has no usable NVIDIA GPU" in kfsim.run("top")
    log = (kfsim.state / "logs" / "daemon.log").read_text()
    assert log.count("has no usable NVIDIA GPU") == 1


def test_fake_gpus_are_scheduled_and_not_seen_by_cuda(kfsim: Kfsim) -> None:
    kfsim.write("kfsim.yaml", "gpu: {mode: fake, fakeDevices: 2}\n")
    write_service(kfsim, "iris", gpus=2)
    kfsim.up()
    assert sees(kfsim, "iris") == ["", "fake-gpu-0,fake-gpu-1"]
    assert kfsim.run("top").count("Fake GPU") == 2
    kfsim.write("kfsim.yaml", "gpu: ignore\n")
    assert "it keeps gpu: fake, fakeDevices 2, and kfsim.yaml asks for gpu: ignore" in kfsim.up()


def test_ignored_gpus_are_an_event(kfsim: Kfsim) -> None:
    kfsim.write("kfsim.yaml", "gpu: ignore\n")
    write_service(kfsim, "iris", gpus=2)
    kfsim.up()
    assert sees(kfsim, "iris") == ["", None]
    assert "GpuIgnored" in kfsim.run("events")


def test_a_mistake_in_the_projects_file_starts_nothing(kfsim: Kfsim) -> None:
    path = kfsim.write("kfsim.yaml", "gpu:\n  mode: pretend\n")
    done = kfsim.attempt("up", "-d")
    assert done.returncode == 1
    shown = path.relative_to(kfsim.folder)
    text = f"Error: {shown}:2: gpu.mode is 'pretend'; it must be require, fake or ignore\n"
    assert done.stdout == text
    assert not (kfsim.state / "daemon.json").exists()
