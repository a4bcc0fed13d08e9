"""The gateway beside nginx: CPU per proxied request and requests per second, on one core each.

Load (wrk, 32 connections) and replica run on the other cores. Two cases: the same head again and
again, as a client of a model sends it, and heads that all differ (a Traceparent). The rounds are
interleaved; the best of each is shown, and the median of the ratios of neighbours. Needs `nginx`
and `wrk`; a missing one is named.
"""

import asyncio
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from bench.loop_bet import HOST, REVISION
from kfsim.base.clock import RealClock
from kfsim.base.entropy import SeededEntropy
from kfsim.base.types import (
    Endpoint,
    HostRoute,
    ReplicaKey,
    RevisionTarget,
    RoutingTable,
    ServiceMode,
    WeightedRevision,
)
from kfsim.dataplane import Gateway
from kfsim.flow import FlowCore

CONNECTIONS = 32
SECONDS = 4
ROUNDS = 3
VARYING = """
local count = 0
request = function()
  count = count + 1
  wrk.headers["Traceparent"] = string.format("00-%032x-00f067aa0ba902b7-01", count)
  return wrk.format("GET", nil)
end
"""
NGINX = """
worker_processes 1; daemon off; pid {folder}/pid; error_log stderr crit;
events {{ worker_connections 1024; }}
http {{
  access_log off; client_body_temp_path {folder}; proxy_temp_path {folder};
  upstream replica {{ server 127.0.0.1:{upstream}; keepalive 64; }}
  server {{ listen 127.0.0.1:{port};
    location / {{ proxy_pass http://replica; proxy_http_version 1.1;
      proxy_set_header Connection ""; proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto http; proxy_set_header X-Request-Id $request_id; }} }}
}}
"""


async def serve(upstream: int) -> None:
    """The gateway alone in this process, as `python -m bench.gateway serve PORT`."""
    entropy = SeededEntropy(1)
    gateway = Gateway(clock=RealClock(), entropy=entropy, flow=FlowCore(entropy=entropy))
    endpoint = Endpoint(ReplicaKey("default", "pod-1"), "127.0.0.1", upstream)
    route = HostRoute("default", "iris", (WeightedRevision(REVISION, 100),))
    target = RevisionTarget(REVISION, ServiceMode.SERVE, (endpoint,))
    gateway.publish(RoutingTable(1, {"iris.default": route}, {}, {REVISION: target}))
    print(await gateway.serve("127.0.0.1", 0), flush=True)
    await asyncio.Event().wait()


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(pid: int, port: int, *options: str) -> tuple[float, float]:
    """Requests per second and CPU microseconds per request."""
    others = ",".join(str(core) for core in range(1, os.cpu_count() or 2))
    before = cpu_seconds(pid)
    output = subprocess.run(
        ["taskset", "-c", others, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}",
         "-H", f"Host: {HOST}", *options, f"http://127.0.0.1:{port}/v1/models/iris"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    used = cpu_seconds(pid) - before
    found = re.search(r"(\d+) requests in", output)
    if found is None or "Non-2xx" in output:
        raise RuntimeError(f"wrk said:\n{output}")
    count = int(found.group(1))
    return count / SECONDS, used / count * 1e6


def spawn(*command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def first_line(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


def worker_of(nginx: int) -> int:
    children = Path(f"/proc/{nginx}/task/{nginx}/children").read_text().split()
    return int(children[0])


def compare(
    pids: dict[str, tuple[int, int]], *options: str
) -> dict[str, list[tuple[float, float]]]:
    """Measurements by name, round by round."""
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in pids}
    for _ in range(ROUNDS):
        for name, (pid, port) in pids.items():
            runs[name].append(measure(pid, port, *options))
    return runs


def show(case: str, runs: dict[str, list[tuple[float, float]]]) -> None:
    for name, values in runs.items():
        rate, cpu = max(rate for rate, _ in values), min(cpu for _, cpu in values)
        print(f"{case}, {name}: {rate:.0f} requests/s, {cpu:.1f} us CPU per request")
    pairs = list(zip(runs["gateway"], runs["nginx"], strict=True))
    rate = statistics.median(ours[0] / theirs[0] for ours, theirs in pairs)
    cpu = statistics.median(ours[1] / theirs[1] for ours, theirs in pairs)
    print(
        f"{case}, gateway / nginx: {rate:.2f} of its requests/s (target 0.55), "
        f"{cpu:.2f} times its CPU (target 1.5)"
    )


def main() -> int:
    missing = [tool for tool in ("nginx", "wrk", "taskset") if shutil.which(tool) is None]
    if missing:
        print(f"gateway beside nginx: not measured, missing {', '.join(missing)}")
        return 0
    upstream = spawn("taskset", "-c", "1", sys.executable, "-m", "bench.echo_upstream")
    upstream_port = first_line(upstream)
    gateway = spawn(
        "taskset", "-c", "0", sys.executable, "-m", "bench.gateway", "serve", str(upstream_port)
    )
    gateway_port = first_line(gateway)
    with tempfile.TemporaryDirectory() as folder:
        nginx_port = gateway_port + 1
        config = Path(folder, "nginx.conf")
        config.write_text(NGINX.format(folder=folder, upstream=upstream_port, port=nginx_port))
        nginx = spawn("taskset", "-c", "0", "nginx", "-c", str(config))
        try:
            time.sleep(1)
            script = Path(folder, "varying.lua")
            script.write_text(VARYING)
            pids = {
                "gateway": (gateway.pid, gateway_port),
                "nginx": (worker_of(nginx.pid), nginx_port),
            }
            for name, options in {"same head": (), "varying heads": ("-s", str(script))}.items():
                show(name, compare(pids, *options))
        finally:
            for process in (nginx, gateway, upstream):
                process.terminate()
                process.wait()
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        uvloop.run(serve(int(sys.argv[2])))
    else:
        raise SystemExit(main())
