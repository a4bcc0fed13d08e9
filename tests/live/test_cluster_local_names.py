"""Components of one service call each other by cluster-local names, from zero too."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.backends.base_image import BASE_IMAGE, build_base_image
from tests.live.tool import IMPATIENT, Kfsim
from tests.waiting import wait_until

TRANSFORMER = """\
import argparse, http.server, json, os, signal, urllib.request
# As process 1 of a container it would ignore the signal.
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
parser = argparse.ArgumentParser()
parser.add_argument("--predictor_host")
given, _ = parser.parse_known_args()

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(b"{}")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        url = f"http://{given.predictor_host}{self.path}"
        if self.path.endswith("explain"):
            url = os.environ["CATALOG_URL"]
        headers = {"content-type": "application/json"}
        asked = urllib.request.Request(url, data=body, headers=headers)
        with urllib.request.urlopen(asked, timeout=60) as answer:
            found = json.load(answer)
            found["predictor"] = answer.headers["kfsim-revision"]
            found["start"] = answer.headers["kfsim-start"]
        self.answer(json.dumps(found).encode())

    def answer(self, body):
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass

address = (os.environ["LISTEN"], int(os.environ["PORT"]))
http.server.ThreadingHTTPServer(address, Handler).serve_forever()
"""


def require_engine() -> None:
    docker = shutil.which("docker", path=f"/usr/bin:{os.environ['PATH']}")
    asked = docker and subprocess.run([docker, "version"], capture_output=True, check=False)
    if not docker or not asked or asked.returncode != 0:
        missing = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        missing("no Docker engine answers")
    build_base_image(docker or "docker")


def write_service(kfsim: Kfsim, model: Path, *, runtime: str, listen: str) -> None:
    """The transformer runs on `runtime`, in a container from the tests' base image."""
    document = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "iris"},
        "spec": {
            "predictor": {
                "minReplicas": 0,
                "model": {"modelFormat": {"name": "sklearn"}, "storageUri": str(model)},
            },
            "transformer": {
                "minReplicas": 0,
                "annotations": {"kfsim.dev/runtime": runtime},
                "containers": [
                    {
                        "name": "kserve-container",
                        "image": BASE_IMAGE,
                        "imagePullPolicy": "Never",
                        "command": ["python3", "-c", TRANSFORMER],
                        "env": [
                            {"name": "LISTEN", "value": listen},
                            {
                                "name": "CATALOG_URL",
                                "value": "http://iris-predictor.default.svc.cluster.local"
                                "/v1/models/iris:predict",
                            },
                        ],
                    }
                ],
            },
        },
    }
    kfsim.write("iris.json", json.dumps(document))


@pytest.mark.parametrize(
    ("runtime", "listen"), [("process", "127.0.0.1"), ("docker", "0.0.0.0")], ids=str
)
def test_a_transformer_calls_its_predictor_and_both_wake_from_zero(
    kfsim: Kfsim, iris_model: Path, runtime: str, listen: str
) -> None:
    if runtime == "docker":
        require_engine()
    kfsim.write("config.yaml", IMPATIENT)
    write_service(kfsim, iris_model, runtime=runtime, listen=listen)
    kfsim.up()
    expected = {"predictions": [1, 1], "predictor": "iris-predictor-00001"}
    status, answer, headers = kfsim.post("iris")
    assert (status, {**expected, "start": answer["start"]}) == (200, answer)
    assert headers["kfsim-revision"] == "iris-transformer-00001"
    wait_until(lambda: not kfsim.objects("pods"), timeout=90, what="no pod is left")
    status, answer, headers = kfsim.post("iris")
    assert (status, answer) == (200, {**expected, "start": "cold"})
    assert headers["kfsim-start"] == "cold"
    status, answer, _ = kfsim.post("iris", path="/v1/models/iris:explain")
    assert (status, answer) == (200, {**expected, "start": "warm"})
    pods = kfsim.objects("pods")
    assert sorted(pod["metadata"]["labels"]["component"] for pod in pods) == [
        "predictor",
        "transformer",
    ]
