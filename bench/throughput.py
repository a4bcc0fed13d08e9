"""Iris through the whole path, one replica, 16 connections, beside model servers alone.

References: the same model server without kfsim in front; the kserve Python server and MLServer
where `KFSIM_BENCH_KSERVE` and `KFSIM_BENCH_MLSERVER` name interpreters that have them (targets:
at least 2 and 3 times their requests per second).
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.project import (
    BODY,
    MODEL,
    ROOT,
    Project,
    closed_loop,
    cpu_seconds,
    environment,
    load_generator,
)

_CONNECTIONS = 16
_SECONDS = 5.0
_ROUNDS = 2
_PATH = "/v1/models/iris:predict"
_V2_BODY = ROOT / "examples/sklearn-iris/iris-input-v2.json"


def measure(address: str, path: str, pids: list[int], *, body: Path = BODY) -> dict[str, Any]:
    """Requests per second and CPU per request of the serving processes."""
    closed_loop(address, path, connections=_CONNECTIONS, seconds=1, body=body)
    before = cpu_seconds(pids)
    result = closed_loop(address, path, connections=_CONNECTIONS, seconds=_SECONDS, body=body)
    used = cpu_seconds(pids) - before
    if result["failed"]:
        raise RuntimeError(f"http://{address}{path} failed {result['failed']} requests")
    return {
        "rate": result["requests"] / result["seconds"],
        "cpu_us": used / result["requests"] * 1e6,
        "p50": result["p50_ms"],
        "p99": result["p99_ms"],
    }


@contextlib.contextmanager
def server(
    command: list[str], port: int, path: str, folder: str, *, body: Path = BODY
) -> Iterator[tuple[str, int]]:
    """A model server alone; yields address and pid once it answers."""
    process = subprocess.Popen(
        command,
        env={**environment(), "HF_HUB_OFFLINE": "1"},
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(600):
            if process.poll() is not None:
                raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
            try:
                closed_loop(f"127.0.0.1:{port}", path, connections=1, seconds=0.1, body=body)
                break
            except subprocess.CalledProcessError:
                time.sleep(0.1)
        yield f"127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def own_server() -> dict[str, Any]:
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "kfsim.modelserver",
        "--model_name=iris",
        f"--model_dir={MODEL}",
        f"--http_port={port}",
    ]
    with server(command, port, _PATH, str(ROOT)) as (address, pid):
        return measure(address, _PATH, [pid])


def kserve_server(python: str) -> dict[str, Any]:
    port = free_port()
    script = Path(__file__).parent / "references/kserve_server.py"
    command = [python, str(script), str(MODEL), str(port)]
    with server(command, port, _PATH, str(ROOT)) as (address, pid):
        return measure(address, _PATH, [pid])


def mlserver(python: str) -> dict[str, Any]:
    port = free_port()
    path = "/v2/models/iris/infer"
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "name": "iris",
            "implementation": "mlserver_sklearn.SKLearnModel",
            "parameters": {"uri": str(MODEL / "model.joblib")},
        }
        Path(folder, "model-settings.json").write_text(json.dumps(settings))
        Path(folder, "settings.json").write_text(
            json.dumps(
                {
                    "http_port": port,
                    "grpc_port": free_port(),
                    "metrics_port": free_port(),
                    "parallel_workers": 0,
                    "host": "127.0.0.1",
                }
            )
        )
        command = [str(Path(python).parent / "mlserver"), "start", "."]
        with server(command, port, path, folder, body=_V2_BODY) as (address, pid):
            return measure(address, path, [pid], body=_V2_BODY)


def whole_path() -> dict[str, Any]:
    with Project() as project:
        project.write_service("iris", predictor="    minReplicas: 1\n    maxReplicas: 1\n")
        project.up()
        return measure(project.daemon["gateway"], f"/serving/default/iris{_PATH}", project.pids())


def best(results: list[dict[str, Any]]) -> dict[str, Any]:
    return max(results, key=lambda result: result["rate"])


def show(name: str, result: dict[str, Any], ours: dict[str, Any] | None = None) -> None:
    ratio = f"; kfsim is {ours['rate'] / result['rate']:.2f} times that" if ours else ""
    print(
        f"  {name}: {result['rate']:.0f} requests/s, CPU {result['cpu_us']:.0f} µs/request, "
        f"p50 {result['p50']:.1f} ms, p99 {result['p99']:.1f} ms{ratio}"
    )


def main() -> None:
    paths, alone = [], []
    for _ in range(_ROUNDS):
        paths.append(whole_path())
        alone.append(own_server())
    ours = best(paths)
    print(
        f"iris, one replica, {_CONNECTIONS} connections (best of {_ROUNDS} interleaved rounds, "
        f"load from {load_generator()}):"
    )
    show("whole path", ours)
    show("the same model server alone", best(alone), ours)
    for name, variable, run in [
        ("kserve Python server alone (target 2)", "KFSIM_BENCH_KSERVE", kserve_server),
        ("MLServer alone (target 3)", "KFSIM_BENCH_MLSERVER", mlserver),
    ]:
        python = os.environ.get(variable)
        if python:
            show(name, best([run(python) for _ in range(2)]), ours)
        else:
            print(f"  {name}: not measured; {variable} names no interpreter that has it")


if __name__ == "__main__":
    main()
