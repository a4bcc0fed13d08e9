"""How many simulated requests one core handles per second, through flow core and heap.

Prints one line per case: Proxy mode (the activator in the path), Serve mode (straight to the
replica's queue-proxy), and a saturated revision whose requests wait. Each is the best of several
runs, as the machine may be busy. `python -m bench.simulation --profile` shows where the time goes.
"""

import cProfile
import gc
import pstats
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from kfsim.base.entropy import SeededEntropy
from kfsim.base.types import (
    Endpoint,
    HostRoute,
    ReplicaKey,
    RevisionKey,
    RevisionTarget,
    RoutingTable,
    ServiceMode,
    WeightedRevision,
)
from kfsim.simulation.arrivals import even_arrivals, steady
from kfsim.simulation.dataplane import SimulatedDataPlane
from kfsim.simulation.durations import constant
from kfsim.simulation.loop import VirtualLoop
from kfsim.simulation.traffic import Traffic

TARGET = 150_000
REQUESTS = 100_000
RUNS = 5
REVISION = RevisionKey("default", "iris-predictor-00001")
SERVICE = ("default", "iris")


@dataclass(frozen=True, slots=True)
class Case:
    """`rate` requests per second, each `duration` seconds at one of `replicas` replicas."""

    name: str
    mode: ServiceMode
    container_concurrency: int
    replicas: int
    rate: float
    duration: float


CASES = (
    Case("serve, cc 0, 3 replicas", ServiceMode.SERVE, 0, 3, 1000, 0.02),
    Case("serve, cc 10, 10 replicas", ServiceMode.SERVE, 10, 10, 1000, 0.02),
    Case("proxy, cc 10, 10 replicas", ServiceMode.PROXY, 10, 10, 1000, 0.02),
    Case("proxy, cc 1, 21 replicas, saturated", ServiceMode.PROXY, 1, 21, 1000, 0.021),
)


def make_table(case: Case) -> RoutingTable:
    endpoints = tuple(
        Endpoint(ReplicaKey("default", f"pod-{number}"), f"10.0.0.{number}", 8080)
        for number in range(1, case.replicas + 1)
    )
    target = RevisionTarget(
        REVISION, case.mode, endpoints, container_concurrency=case.container_concurrency
    )
    route = HostRoute("default", "iris", (WeightedRevision(REVISION, 100),))
    return RoutingTable(1, {"iris.default": route}, {SERVICE: route}, {REVISION: target})


def prepare(case: Case) -> tuple[Traffic, Callable[[], None]]:
    loop = VirtualLoop()
    plane = SimulatedDataPlane(loop=loop, entropy=SeededEntropy(1))
    plane.publish(make_table(case))
    traffic = Traffic(
        loop=loop,
        plane=plane,
        service=SERVICE,
        arrivals=even_arrivals(steady(case.rate, REQUESTS / case.rate)),
        duration=constant(case.duration),
    )

    def collect(now: float) -> None:
        plane.collect(now)
        if traffic.outcomes.in_flight or traffic.outcomes.sent < REQUESTS:
            loop.call_event(now + 1, collect)
        else:
            loop.call_soon(loop.stop)

    def run() -> None:
        traffic.start()
        loop.call_event(1, collect)
        loop.run_forever()
        loop.close()

    return traffic, run


def measure(case: Case) -> float:
    """Simulated requests per second of CPU time."""
    traffic, run = prepare(case)
    gc.collect()
    started = time.process_time()
    run()
    spent = time.process_time() - started
    if traffic.outcomes.answered != REQUESTS:
        raise SystemExit(f"{case.name}: {traffic.outcomes}")
    return REQUESTS / spent


def profile(case: Case) -> None:
    _, run = prepare(case)
    profiler = cProfile.Profile()
    profiler.runcall(run)
    pstats.Stats(profiler).sort_stats("tottime").print_stats(18)


def main() -> int:
    if "--profile" in sys.argv:
        for case in CASES:
            print(f"== {case.name}")
            profile(case)
        return 0
    for case in CASES:
        best = max(measure(case) for _ in range(RUNS))
        print(f"simulation: {case.name:38} {best:9,.0f} requests/s (target {TARGET:,})")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
