"""How the HTTP/1.1 cases are told: figures by proxy, ratios to nginx, targets."""

import statistics
from collections.abc import Callable

from bench.proxies.comparison import Target, median_ratio
from bench.proxies.http_load import Case, Measurement

DIRECTLY = "upstream directly"
_FULL = 0.9  # below, load or upstream limit the requests/s; CPU per request holds all the same
_ADDED = Target("of nginx's added p50", 1.5)
Runs = dict[str, list[Measurement]]
_Ratio = tuple[Target, Callable[[Measurement], float]]


def judged(name: str, target: Target) -> Target:
    """The targets are the gateway's alone."""
    return target if name == "gateway" else Target(target.what)


def rate_of(run: Measurement) -> float:
    return run.rate


def cpu_of(run: Measurement) -> float:
    return run.cpu_us


def p99_of(run: Measurement) -> float:
    return run.p99


def ratios_of(case: Case) -> tuple[_Ratio, ...]:
    """Which ratios to nginx are told of a case, and the targets."""
    if case.large:
        return (
            (Target("MB/s"), lambda run: run.megabytes),
            (Target("CPU per MB"), lambda run: run.cpu_per_megabyte),
        )
    if case.connections == 1:
        return ((Target("CPU"), cpu_of),)
    return (
        (Target("requests/s", case.rate_target, floor=True), rate_of),
        (Target("CPU", case.cpu_target), cpu_of),
        (Target("p99", case.p99_target), p99_of),
    )


def describe(case: Case, values: list[Measurement]) -> str:
    best = max(values, key=rate_of)
    if case.large:
        cost = min(run.cpu_per_megabyte for run in values)
        figures = f"{best.megabytes:.0f} MB/s, CPU {cost:.0f} us per MB"
    else:
        figures = f"{best.rate:.0f} requests/s, CPU {min(map(cpu_of, values)):.1f} us"
    full = best.proxy_share + best.noise_share > _FULL
    limit = "" if full or case.connections == 1 else " (its core was not full)"
    return (
        f"{figures}, p50 {min(run.p50 for run in values):.3f} ms, "
        f"p99 {min(map(p99_of, values)):.3f} ms; busy: itself {best.proxy_share:.0%}, "
        f"others on its core {best.noise_share:.0%}, upstream {best.upstream_share:.0%}, "
        f"load {best.load_share:.0%}{limit}"
    )


def show(case: Case, runs: Runs) -> None:
    print(f"{case.name}, {case.connections} connection{'s' if case.connections > 1 else ''}:")
    for name, values in runs.items():
        print(f"  {name}: {describe(case, values)}")
    for name, values in runs.items():
        if "nginx" in runs and name not in ("nginx", DIRECTLY):
            told = [
                judged(name, target).judge(median_ratio(values, runs["nginx"], value))
                for target, value in ratios_of(case)
            ]
            print(f"  {name} / nginx: {', '.join(told)}")
    if DIRECTLY in runs:
        show_added(runs)


def show_added(runs: Runs) -> None:
    """What each proxy adds to the upstream's own p50, within each round."""
    added = {
        name: [mine.p50 - bare.p50 for mine, bare in zip(values, runs[DIRECTLY], strict=True)]
        for name, values in runs.items()
        if name != DIRECTLY
    }
    for name, values in added.items():
        line = f"  {name} adds {statistics.median(values) * 1000:.0f} us to p50"
        if "nginx" in added and name != "nginx":
            line += f": {judged(name, _ADDED).judge(median_ratio(values, added['nginx'], float))}"
        print(line)
