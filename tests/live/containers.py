"""InferenceServices of containers that tell what is inside them, and what the tests ask them."""

import http.client
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.live.tool import Kfsim
from tests.waiting import wait_until

# Answers a POST with the value of its body, a Python expression, as JSON; `ME` is the process.
SERVER = """\
import http.server, json, os, pathlib, signal, socket, subprocess, urllib.error, urllib.request
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
ME = os.urandom(8).hex()
def fetch(url): return urllib.request.urlopen(url, timeout=10).read().decode()
def read(path): return pathlib.Path(path).read_text()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        asked = self.rfile.read(int(self.headers["content-length"]))
        try: body = json.dumps(eval(asked))
        except Exception as error: body = json.dumps(repr(error))
        self.answer(body)
    def do_GET(self):
        self.answer(ME)
    def answer(self, text):
        self.send_response(200)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())
    log_message = lambda self, *a: None
class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
print("listening", flush=True)
Server(("", int(os.environ["PORT"])), Handler).serve_forever()
"""
PYTHON = ["python", "-c"]


def make_container(image: str, **fields: Any) -> dict[str, Any]:
    """The serving container, with the server above unless `fields` say otherwise."""
    return {"name": "kserve-container", "image": image, "command": [*PYTHON, SERVER], **fields}


def write_service(
    kfsim: Kfsim,
    name: str,
    *containers: dict[str, Any],
    annotations: dict[str, str] | None = None,
    **predictor: Any,
) -> Path:
    """The manifest of an InferenceService of these containers; it keeps one replica."""
    document = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": name, "annotations": annotations or {}},
        "spec": {"predictor": {"minReplicas": 1, "containers": list(containers), **predictor}},
    }
    return kfsim.write(f"{name}.json", json.dumps(document))


def ask(kfsim: Kfsim, name: str, expression: str, timeout: float = 60.0) -> Any:
    """The value of a Python expression inside a replica."""
    status, answer, _ = kfsim.post(name, raw=expression.encode(), timeout=timeout)
    assert status == 200, (status, answer)
    return answer


def find_pod(kfsim: Kfsim, service: str) -> dict[str, Any]:
    """The service's only Pod."""
    (pod,) = pods_of(kfsim, service)
    return pod


def pods_of(kfsim: Kfsim, service: str) -> list[dict[str, Any]]:
    return [
        pod
        for pod in kfsim.objects("pods")
        if pod["metadata"]["labels"]["serving.kserve.io/inferenceservice"] == service
    ]


def find_status(kfsim: Kfsim, service: str, container: str = "kserve-container") -> dict[str, Any]:
    """The containerStatus of the service's only Pod; empty before there is one."""
    for pod in pods_of(kfsim, service):
        for status in pod["status"].get("containerStatuses", ()):
            if status["name"] == container:
                found: dict[str, Any] = status
                return found
    return {}


def waits_because(status: dict[str, Any]) -> str:
    """The reason of a waiting container; empty for another."""
    return str(status.get("state", {}).get("waiting", {}).get("reason", ""))


def failure_of(kfsim: Kfsim, service: str) -> dict[str, Any]:
    """modelStatus.lastFailureInfo; empty when there is none."""
    model = kfsim.object("isvc", service)["status"].get("modelStatus", {})
    found: dict[str, Any] = model.get("lastFailureInfo") or {}
    return found


def event_messages(kfsim: Kfsim, reason: str, *, kind: str | None = None) -> list[str]:
    """The messages of all Events with this reason, and of this type."""
    return [
        each["message"]
        for each in kfsim.objects("events")
        if each["reason"] == reason and kind in (None, each["type"])
    ]


def kubectl(kfsim: Kfsim, *words: str) -> str:
    """What the real kubectl prints of the daemon's API."""
    done = subprocess.run(
        ["kubectl", f"--server=http://{kfsim.daemon['api']}", *words],
        env={**kfsim.environment, "HOME": str(kfsim.folder), "KUBECONFIG": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@dataclass
class Asker:
    """One client that asks again and again: when each request began and how it ended."""

    results: list[tuple[float, object]] = field(default_factory=list)

    @property
    def failures(self) -> list[tuple[float, object]]:
        return [each for each in self.results if each[1] != 200]


@dataclass
class Load:
    """Clients that ask one service all the time."""

    askers: list[Asker]

    @property
    def successes(self) -> int:
        return sum(len(each.results) - len(each.failures) for each in self.askers)

    def wait_for_more(self, number: int, *, timeout: float = 60.0) -> None:
        """Wait for so many more good answers."""
        wanted = self.successes + number
        what = f"{number} more answers"
        wait_until(lambda: self.successes >= wanted, timeout=timeout, what=what)


@contextmanager
def load_on(kfsim: Kfsim, service: str, *, clients: int) -> Iterator[Load]:
    """Ask the service from so many threads."""
    load = Load([Asker() for _ in range(clients)])
    stop = threading.Event()

    def run(asker: Asker) -> None:
        while not stop.is_set():
            began = time.monotonic()
            try:
                status: object = kfsim.post(service, raw=b"ME", timeout=20)[0]
            except (OSError, http.client.HTTPException) as error:  # no gateway, or a broken answer
                status = repr(error)
            asker.results.append((began, status))
            if status != 200:
                stop.wait(0.02)  # do not spin while nobody answers

    threads = [threading.Thread(target=run, args=(each,)) for each in load.askers]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        stop.set()
        for thread in threads:
            thread.join()
