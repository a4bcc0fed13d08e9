"""One measurement: wrk on the other cores, and what it cost the proxy meanwhile."""

import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from bench.project import cpu_seconds
from bench.proxies.processes import Cores, Proxy, core_seconds, find_tool, tree
from bench.proxies.serve import HOST

_SCRIPT = """
{setting}
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '\\n{{"requests": %d, "seconds": %f, "bytes": %d, "p50": %f, "p99": %f, "failed": %d}}\\n',
    summary.requests, summary.duration / 1e6, summary.bytes, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, e.status + e.connect + e.read + e.write + e.timeout))
end
"""
VARYING = """
local count = 0
request = function()
  count = count + 1
  wrk.headers["Traceparent"] = string.format("00-%032x-00f067aa0ba902b7-01", count)
  return wrk.format("GET", nil)
end
"""


def posting(body: str) -> str:
    """A script that posts the JSON text; JSON escapes a string as Lua reads it."""
    return (
        f'wrk.method = "POST"\nwrk.body = {json.dumps(body)}\n'
        'wrk.headers["Content-Type"] = "application/json"'
    )


@dataclass(frozen=True, slots=True)
class Case:
    """What the load does; `script` is Lua for wrk, without one every head is the same. Targets are
    ratios to nginx."""

    name: str
    connections: int = 32
    script: str = ""
    path: str = "/v1/models/iris:predict"
    large: bool = False
    seconds: int = 2
    rate_target: float | None = None
    cpu_target: float | None = None
    p99_target: float | None = 2.0


@dataclass(frozen=True, slots=True)
class Measurement:
    """Latencies in ms. The shares are of one core: the proxy's CPU, others' on the proxy's core,
    the upstream's and the load's."""

    rate: float
    cpu_us: float
    p50: float
    p99: float
    megabytes: float
    proxy_share: float
    noise_share: float
    upstream_share: float
    load_share: float

    @property
    def cpu_per_megabyte(self) -> float:
        """Microseconds."""
        return self.proxy_share / self.megabytes * 1e6


def measure(proxy: Proxy, case: Case, *, upstream: int, cores: Cores, folder: Path) -> Measurement:
    """Ask the proxy for the case's seconds; RuntimeError where an answer failed."""
    script = folder / "load.lua"
    script.write_text(_SCRIPT.format(setting=case.script))
    pids, upstream_pids = tree(proxy.pid), tree(upstream)
    started, load_before = time.perf_counter(), os.times()
    used, served, core = cpu_seconds(pids), cpu_seconds(upstream_pids), core_seconds(cores.proxy)
    said = run_wrk(proxy, case, cores=cores, script=script)
    used, served = cpu_seconds(pids) - used, cpu_seconds(upstream_pids) - served
    core, load_after = core_seconds(cores.proxy) - core, os.times()
    passed = time.perf_counter() - started
    load = sum(load_after[2:4]) - sum(load_before[2:4])
    return Measurement(
        rate=said["requests"] / said["seconds"],
        cpu_us=used / said["requests"] * 1e6,
        p50=said["p50"],
        p99=said["p99"],
        megabytes=said["bytes"] / said["seconds"] / 1e6,
        proxy_share=used / passed,
        noise_share=max(0.0, core - used) / passed,
        upstream_share=served / passed,
        load_share=load / passed,
    )


def run_wrk(proxy: Proxy, case: Case, *, cores: Cores, script: Path) -> dict[str, float]:
    wrk = find_tool("wrk")
    assert wrk is not None
    output = subprocess.run(
        ["taskset", "-c", cores.others, wrk, "-t1", f"-c{case.connections}", f"-d{case.seconds}",
         "-s", str(script), "-H", f"Host: {HOST}", f"http://127.0.0.1:{proxy.port}{case.path}"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    said: dict[str, float] = json.loads(output.strip().splitlines()[-1])
    if said["failed"] or not said["requests"]:
        raise RuntimeError(f"{proxy.name}, {case.name}: wrk said\n{output}")
    return said
