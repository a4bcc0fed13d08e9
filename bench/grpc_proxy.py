"""Unary gRPC calls through the gateway, nginx, haproxy and a grpc.aio proxy.

`python -m bench.grpc_proxy`; the server directly stands beside them. Each proxy has one core for
itself; h2load (32 streams over four connections) and the upstream, which costs a few microseconds
a call, share the others. Values are the best of the rounds, ratios the medians of the ratios
within each round. What is missing, or does not pass a call, is named and left out.
"""

import importlib.util
import sys
import tempfile
from pathlib import Path

from bench.proxies import configurations
from bench.proxies.comparison import Target, median_ratio
from bench.proxies.processes import Cores, Fleet, Proxy, missing_tools, share_cores

_ROUNDS = 4
_SECONDS = 2
_DIRECTLY = "server directly"
_ANY, _UNARY = "grpc.aio proxy", "grpc.aio proxy, unary calls only"


def start_proxies(fleet: Fleet, core: str, upstream: int) -> list[Proxy]:
    folder, to = str(fleet.folder), str(upstream)
    reference = "bench/references/grpc_aio_proxy.py"
    started = [
        fleet.start_python("gateway", core, "-m", "bench.proxies.serve", to, "h2c"),
        fleet.start_configured(
            "nginx", core, "-c", lambda port: configurations.nginx_grpc(folder, port, upstream)
        ),
        fleet.start_configured(
            "haproxy", core, "-f", lambda port: configurations.haproxy(port, upstream, grpc=True)
        ),
        fleet.start_python(_ANY, core, reference, to, "any"),
        fleet.start_python(_UNARY, core, reference, to, "unary"),
    ]
    return [proxy for proxy in started if proxy is not None]


def compare(fleet: Fleet, cores: Cores) -> None:
    from bench.proxies import grpc_load  # needs grpcio

    process, ports = fleet.start_and_ask(cores.others, sys.executable, "-m", "bench.grpc_upstream")
    upstream = grpc_load.Upstream(process.pid, *ports)
    measured = [Proxy(_DIRECTLY, upstream.port, upstream.pid)]
    print(
        f"gRPC proxies on core {cores.proxy}, upstream and h2load "
        f"({grpc_load.CONNECTIONS} connections of {grpc_load.STREAMS} streams) on {cores.others}, "
        f"{_ROUNDS} interleaved rounds"
    )
    for tool in missing_tools("nginx", "haproxy"):
        print(f"  {tool}: not measured, missing")
    for proxy in start_proxies(fleet, cores.proxy, upstream.port):
        if fault := grpc_load.find_fault(proxy.port):
            print(f"  {proxy.name}: not measured: {fault}")
        else:
            measured.append(proxy)
    runs: dict[str, list[grpc_load.Measurement]] = {proxy.name: [] for proxy in measured}
    for _ in range(_ROUNDS):
        for proxy in measured:
            measurement = grpc_load.measure(
                proxy, upstream=upstream, cores=cores, folder=fleet.folder, seconds=_SECONDS
            )
            runs[proxy.name].append(measurement)
    show(runs)


def show(runs) -> None:
    for name, values in runs.items():
        best = max(values, key=lambda run: run.rate)
        cost = min(run.cpu_us for run in values)
        print(
            f"  {name}: {best.rate:.0f} calls/s, CPU {cost:.1f} us per call, mean "
            f"{min(run.mean for run in values):.2f} ms; busy: itself {best.proxy_share:.0%}, "
            f"others on the proxy's core {best.noise_share:.0%}, upstream "
            f"{best.upstream_share:.0%}, load {best.load_share:.0%}"
        )
    targets = ((_ANY, 0.12), (_UNARY, None), ("nginx", 1.0), ("haproxy", None))
    for name, bound in targets:
        if "gateway" in runs and name in runs:
            ratio = median_ratio(runs["gateway"], runs[name], lambda run: run.cpu_us)
            print(f"  gateway / {name}: {Target('CPU per call', bound).judge(ratio)}")


def main() -> int:
    cores, missing = share_cores(), missing_tools("h2load", "taskset")
    if importlib.util.find_spec("grpc") is None:
        missing.append("the Python package grpcio")
    if cores is None or missing:
        why = f"missing {', '.join(missing)}" if missing else "needs Linux and two cores"
        print(f"gRPC proxies: not measured, {why}")
        return 0
    with tempfile.TemporaryDirectory(prefix="kfsim-bench-") as name, Fleet(Path(name)) as fleet:
        compare(fleet, cores)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
