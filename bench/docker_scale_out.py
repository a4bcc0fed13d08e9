"""1 to 10 replicas of a tiny image, beside ten parallel `docker run`.

A service runs with one replica; its minimum becomes ten, and the time is taken until its Deployment
has ten that are ready. Then ten `docker run` of the same image and command are started at once, and
the time is taken until all have answered. Target: at most 1.3 times those.
"""

import http.client
import json
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bench.containers import DockerRun, find_engine, tiny_image
from bench.project import Project
from tests.engines.command import DockerCommand

_ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 5
_REPLICAS = 10
_TARGET = 1.3
_PATIENCE = 120.0
_SERVER = """\
import os, signal, socket
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
ok = b"HTTP/1.1 200 OK\\r\\ncontent-length: 0\\r\\nconnection: close\\r\\n\\r\\n"
listener = socket.create_server(("0.0.0.0", 8080), backlog=64)
while True:
    connection, _ = listener.accept()
    if connection.recv(65536):
        connection.sendall(ok)
    connection.close()
"""
_CONFIG = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: config-autoscaler
  namespace: knative-serving
data:
  max-scale-limit: "0"
"""
_COMMAND = ["python", "-S", "-c", _SERVER]


def service(name: str, image: str) -> str:
    """JSON is YAML."""
    container = {
        "name": "kserve-container",
        "image": image,
        "command": _COMMAND,
        "ports": [{"containerPort": 8080, "protocol": "TCP"}],
    }
    return json.dumps(
        {
            "apiVersion": "serving.kserve.io/v1beta1",
            "kind": "InferenceService",
            "metadata": {"name": name, "annotations": {"kfsim.dev/runtime": "docker"}},
            "spec": {
                "predictor": {
                    "minReplicas": 1,
                    "maxReplicas": _REPLICAS,
                    "containers": [container],
                }
            },
        }
    )


def scale_out(api: str, name: str) -> float:
    """Seconds from asking for ten replicas until ten are ready."""
    revision = f"{name}-predictor-00001"
    path = "/apis/apps/v1/namespaces/default/deployments"
    watch = http.client.HTTPConnection(api, timeout=_PATIENCE)
    watch.request("GET", f"{path}?watch=true&fieldSelector=metadata.name={revision}-deployment")
    response = watch.getresponse()
    _await_ready(response, 1)
    started = time.perf_counter()
    _set_minimum(api, revision)
    _await_ready(response, _REPLICAS)
    took = time.perf_counter() - started
    watch.close()
    return took


def _set_minimum(api: str, revision: str) -> None:
    annotations = {"autoscaling.knative.dev/min-scale": str(_REPLICAS)}
    connection = http.client.HTTPConnection(api, timeout=30)
    connection.request(
        "PATCH",
        f"/apis/serving.knative.dev/v1/namespaces/default/revisions/{revision}",
        json.dumps({"metadata": {"annotations": annotations}}),
        {"content-type": "application/merge-patch+json"},
    )
    response = connection.getresponse()
    text = response.read()
    connection.close()
    if response.status != 200:
        raise RuntimeError(f"cannot ask for {_REPLICAS} replicas of {revision}: {text!r}")


def _await_ready(events: http.client.HTTPResponse, count: int) -> None:
    for line in events:
        event: dict[str, Any] = json.loads(line)
        if (event["object"].get("status", {}).get("readyReplicas") or 0) >= count:
            return
    raise RuntimeError(f"the watch ended before {count} replicas were ready")


def parallel_runs(engine: DockerCommand, image: str) -> float:
    """Seconds until ten `docker run` that were started at once have all answered."""
    runs = [DockerRun(engine, [image, *_COMMAND]) for _ in range(_REPLICAS)]
    started = time.perf_counter()
    try:
        with ThreadPoolExecutor(_REPLICAS) as threads:
            list(threads.map(lambda run: run.first_answer("GET", "/"), runs))
        return time.perf_counter() - started
    finally:
        for run in runs:
            run.remove()


def main() -> None:
    engine = find_engine("1 to 10 replicas in Docker")
    if engine is None:
        return
    image = tiny_image(engine)
    ours, reference = [], []
    with Project() as project:
        (project.manifests / "config.yaml").write_text(_CONFIG)
        project.up()
        for number in range(_ROUNDS + 1):
            name = f"tiny-{number}"
            path = project.folder / f"{name}.json"
            path.write_text(service(name, image))
            project.run("apply", "-f", str(path))
            project.run("wait", f"isvc/{name}", "--for=condition=Ready", "--timeout=120s")
            ours.append(scale_out(project.daemon["api"], name))
            project.run("delete", "isvc", name)
            _await_no_pods(project)
            reference.append(parallel_runs(engine, image))
    # The first of each reads the image from disk.
    ours, reference = ours[1:], reference[1:]
    p50, p50_reference = statistics.median(ours), statistics.median(reference)
    print(
        f"1 to {_REPLICAS} replicas in Docker over {_ROUNDS} rounds: p50 {p50:.2f} s (max "
        f"{max(ours):.2f}); {_REPLICAS} parallel docker run {p50_reference:.2f} s (max "
        f"{max(reference):.2f}); ratio {p50 / p50_reference:.2f}, target {_TARGET}"
    )


def _await_no_pods(project: Project) -> None:
    deadline = time.perf_counter() + _PATIENCE
    while json.loads(project.run("get", "pods", "-o", "json"))["items"]:
        if time.perf_counter() > deadline:
            raise RuntimeError(f"Pods are left: {project.run('get', 'pods')}")
        time.sleep(0.2)


if __name__ == "__main__":
    main()
