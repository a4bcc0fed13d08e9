"""The gateway beside nginx, haproxy and an aiohttp proxy, HTTP/1.1: `python -m bench.gateway`.

Each proxy has one core for itself; load (wrk) and upstream (nginx with a fixed answer, or one in
Python where nginx is missing) share the others. Cases: heads that all differ (a Traceparent), the
same head again and again, a POST of iris' input, 1 MB responses, and one connection alone, where
the upstream's own latency is taken off: what a proxy adds there includes waking it and the others
across cores, which all proxies pay alike. Values are the best of the rounds, ratios the medians of
the ratios within each round. Tools that are missing are named and left out.
"""

import tempfile
from pathlib import Path

from bench.echo_upstream import LARGE_BYTES
from bench.project import BODY
from bench.proxies import configurations
from bench.proxies.http_load import VARYING, Case, measure, posting
from bench.proxies.http_report import DIRECTLY, Runs, show
from bench.proxies.processes import Cores, Fleet, Proxy, missing_tools, share_cores

_ROUNDS = 3
_ANSWER = '{"predictions": [1, 1]}\\n'


def cases() -> list[Case]:
    return [
        Case("varying heads", script=VARYING, rate_target=0.55, cpu_target=1.5),
        Case("repeated heads", rate_target=0.9, cpu_target=1.0),
        Case(f"POST of {BODY.stat().st_size} bytes", script=posting(BODY.read_text())),
        Case("1 MB responses", connections=8, path="/large", large=True),
        Case("repeated heads", connections=1),
    ]


def start_upstream(fleet: Fleet, cores: Cores) -> Proxy:
    folder, large = str(fleet.folder), fleet.write("large", "x" * LARGE_BYTES)
    nginx = fleet.start_configured(
        "nginx",
        cores.others,
        "-c",
        lambda port: configurations.nginx_upstream(folder, port, body=_ANSWER, large=large),
    )
    return nginx or fleet.start_python("Python", cores.others, "-m", "bench.echo_upstream")


def start_proxies(fleet: Fleet, core: str, upstream: int) -> list[Proxy]:
    folder, to = str(fleet.folder), str(upstream)
    started = [
        fleet.start_python("gateway", core, "-m", "bench.proxies.serve", to),
        fleet.start_configured(
            "nginx", core, "-c", lambda port: configurations.nginx_proxy(folder, port, upstream)
        ),
        fleet.start_configured(
            "haproxy", core, "-f", lambda port: configurations.haproxy(port, upstream)
        ),
        fleet.start_python("aiohttp", core, "bench/references/aiohttp_proxy.py", to),
    ]
    return [proxy for proxy in started if proxy is not None]


def compare(
    case: Case, proxies: list[Proxy], *, upstream: Proxy, cores: Cores, folder: Path
) -> Runs:
    """Measurements by name, round by round; with one connection the upstream alone, too."""
    measured = list(proxies)
    if case.connections == 1:
        measured.insert(0, Proxy(DIRECTLY, upstream.port, upstream.pid))
    runs: Runs = {proxy.name: [] for proxy in measured}
    for _ in range(_ROUNDS):
        for proxy in measured:
            measurement = measure(proxy, case, upstream=upstream.pid, cores=cores, folder=folder)
            runs[proxy.name].append(measurement)
    return runs


def main() -> int:
    cores = share_cores()
    missing = missing_tools("wrk", "taskset")
    if cores is None or missing:
        why = f"missing {', '.join(missing)}" if missing else "needs Linux and two cores"
        print(f"gateway beside other proxies: not measured, {why}")
        return 0
    with tempfile.TemporaryDirectory(prefix="kfsim-bench-") as name, Fleet(Path(name)) as fleet:
        upstream = start_upstream(fleet, cores)
        proxies = start_proxies(fleet, cores.proxy, upstream.port)
        print(
            f"HTTP/1.1 proxies on core {cores.proxy}, upstream ({upstream.name}) and wrk on "
            f"{cores.others}, {_ROUNDS} interleaved rounds"
        )
        for tool in missing_tools("nginx", "haproxy"):
            print(f"  {tool}: not measured, missing")
        for case in cases():
            runs = compare(case, proxies, upstream=upstream, cores=cores, folder=fleet.folder)
            show(case, runs)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
