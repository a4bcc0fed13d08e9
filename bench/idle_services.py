"""Many idle InferenceServices as a user has them: `python -m bench.idle_services [COUNT]`.

A real daemon with one served model, then COUNT services with initial-scale 0 applied to it. Times
of `kfsim up` (to all Ready), `kfsim get`, kubectl, a restart with everything restored, and the
deletion of all, and of `kfsim up` once more without load; the daemon's memory at rest and at its
peak; the gateway's p99 before and meanwhile, in a closed loop against a replica: with 16
connections, as the throughput figure has it (target 2 x), and with 2, where nothing queues. The
control for the latter is the same idle daemon beside a process that only takes CPU: what the
system's scheduler alone does to p99, whoever the work belongs to.
"""

import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import cycle
from pathlib import Path
from typing import Any, TypeVar

from bench.project import Project, closed_loop, cpu_seconds

_COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
_LOAD_SECONDS = 3.0
_CONNECTIONS = (16, 2)
_CONFIG = """
apiVersion: v1
kind: ConfigMap
metadata: {name: config-autoscaler, namespace: knative-serving}
data: {allow-zero-initial-scale: "true"}
"""
_SERVICE = """---
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: idle-NUMBER}
spec:
  predictor:
    minReplicas: 0
    annotations: {autoscaling.knative.dev/initial-scale: "0"}
    model:
      modelFormat: {name: sklearn}
      storageUri: /models/iris
"""
T = TypeVar("T")


def memory(pid: int) -> str:
    """Resident now and at most, in MB."""
    text = Path(f"/proc/{pid}/status").read_text()
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    now, most = (int(fields[name].split()[0]) * 1024 / 1e6 for name in ("VmRSS", "VmHWM"))
    return f"{now:.0f} MB resident, {most:.0f} MB at most"


def timed(what: str, act: Callable[[], T]) -> T:
    started = time.perf_counter()
    result = act()
    print(f"{what}: {time.perf_counter() - started:.2f} s", flush=True)
    return result


class Load:
    """Requests to the served model, until stopped, in slices of some seconds with many and few
    connections in turn. `results`: by the number of connections."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._stopping = threading.Event()
        self.results: dict[int, list[dict[str, Any]]] = {each: [] for each in _CONNECTIONS}
        self._thread = threading.Thread(target=self._run)

    def once(self, connections: int) -> dict[str, Any]:
        return closed_loop(
            self._address,
            "/serving/default/iris/v1/models/iris:predict",
            connections=connections,
            seconds=_LOAD_SECONDS,
        )

    def _run(self) -> None:
        for connections in cycle(_CONNECTIONS):
            if self._stopping.is_set():
                return
            self.results[connections].append(self.once(connections))

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()


def main() -> None:
    with Project() as project:
        project.write_service("iris", predictor="    minReplicas: 1\n")
        (project.manifests / "config.yaml").write_text(_CONFIG)
        project.up()
        pid = int(project.daemon["pid"])
        print(f"one service: {memory(pid)}")
        load = Load(project.daemon["gateway"])
        load.once(_CONNECTIONS[0])
        idle = {each: load.once(each) for each in _CONNECTIONS}
        with busy_process():
            beside = {each: load.once(each) for each in _CONNECTIONS}
        numbers = (f"{number:05}" for number in range(_COUNT))
        (project.manifests / "idle.yaml").write_text(
            "".join(_SERVICE.replace("NUMBER", number) for number in numbers)
        )
        with load:
            timed(f"kfsim up of {_COUNT} services under load", project.up)
        for each in _CONNECTIONS:
            report_load(each, idle[each], beside[each], load.results[each])
        print(f"all Ready: {memory(pid)}, {cpu_seconds([pid]):.1f} s of CPU")
        look(project)
        project.run("down")
        timed("kfsim up of what was there", project.up)
        settle(int(project.daemon["pid"]))
        print(f"restored: {memory(int(project.daemon['pid']))}")
        timed("kfsim up again, nothing to do", project.up)
        idle_services = (project.manifests / "idle.yaml").rename(project.folder / "idle.yaml")
        timed("kfsim delete of all", lambda: project.run("delete", "isvc", "--all"))
        print(f"deleted: {memory(int(project.daemon['pid']))}")
        idle_services.rename(project.manifests / "idle.yaml")
        timed(f"kfsim up of {_COUNT} services without load", project.up)
        print(f"of that from the first object to the last one Ready: {apply_to_ready(project)} s")


@contextmanager
def busy_process() -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def report_load(
    connections: int,
    idle: dict[str, Any],
    beside: dict[str, Any],
    meanwhile: list[dict[str, Any]],
) -> None:
    worst = sorted(each["p99_ms"] for each in meanwhile)
    typical = worst[len(worst) // 2]
    failed = sum(each["failed"] for each in meanwhile)
    print(
        f"{connections} connections: gateway p99 {idle['p99_ms']:.1f} ms idle, "
        f"{beside['p99_ms']:.1f} ms idle beside a busy process, {typical:.1f} ms meanwhile "
        f"(median of {len(worst)} slices, worst {worst[-1]:.1f}): "
        f"{typical / idle['p99_ms']:.1f} x (target 2), {failed} failed"
    )


def apply_to_ready(project: Project) -> int:
    """By the objects' own times, which are whole seconds (target 15)."""
    items = json.loads(project.run("get", "isvc", "-o", "json"))["items"]
    idle = [each for each in items if each["metadata"]["name"].startswith("idle-")]
    began = min(datetime.fromisoformat(each["metadata"]["creationTimestamp"]) for each in idle)
    ready = max(
        datetime.fromisoformat(condition["lastTransitionTime"])
        for each in idle
        for condition in each["status"]["conditions"]
        if condition["type"] == "Ready"
    )
    return round((ready - began).total_seconds())


def look(project: Project) -> None:
    text = timed("kfsim get isvc", lambda: project.run("get", "isvc"))
    ready = sum(line.split()[2:3] == ["True"] for line in text.splitlines())
    print(f"{ready} of {_COUNT + 1} Ready")
    kubectl = shutil.which("kubectl")
    if kubectl is not None:
        words = [kubectl, f"--server=http://{project.daemon['api']}", "get", "isvc", "-o", "name"]
        timed("kubectl get isvc", lambda: subprocess.run(words, check=True, capture_output=True))


def settle(pid: int) -> None:
    """Wait until the process takes next to no CPU."""
    before = -1.0
    started = time.perf_counter()
    while (now := cpu_seconds([pid])) - before > 0.1:
        before = now
        time.sleep(1.0)
    print(f"at rest {time.perf_counter() - started:.0f} s later, {now:.1f} s of CPU")


if __name__ == "__main__":
    main()
