"""`python -m bench.metrics_page`: what /metrics costs the loop, and what counting costs a request.

A page for many revisions is rendered by a real API server while the loop is watched: the longest
turn is what a request that comes in meanwhile may have to wait. The counting of one request is run
in a loop of its own.
"""

import argparse
import asyncio
import gc
import sys
import time
from collections.abc import Callable

import uvloop

from kfsim.autoscaler.decider import ScaleResult
from kfsim.autoscaler.multiscaler import DeciderStatus, RevisionScale
from kfsim.autoscaler.spec import DeciderSpec
from kfsim.base.clock import RealClock
from kfsim.base.entropy import SeededEntropy
from kfsim.base.types import RevisionKey
from kfsim.daemon.metrics import Metrics
from kfsim.daemon.revision_metrics import RevisionMetrics
from kfsim.dataplane.counters import Counters, Outcome
from kfsim.dataplane.durations import RequestDurations
from kfsim.kubeapi import ApiServer
from kfsim.store import Store

_TICKS = 200_000


def make_scale(key: RevisionKey) -> tuple[RevisionScale, int]:
    latest = ScaleResult(
        decided_at=1.0,
        scale_valid=True,
        ready_pods=1,
        panic_mode=False,
        panic_since=None,
        max_panic_pods=0,
        desired_pod_count=1,
        stable_value=0.5,
        panic_value=1.5,
    )
    return RevisionScale(DeciderStatus(key, 1, 10, 2, latest), DeciderSpec(), 1), 1


async def watch_turns(stop: asyncio.Event) -> list[float]:
    """The CPU time of each turn of the loop, until told to stop."""
    turns = []
    while not stop.is_set():
        before = time.thread_time()
        await asyncio.sleep(0)
        turns.append(time.thread_time() - before)
    return turns


async def measure_page(count: int) -> None:
    clock, entropy = RealClock(), SeededEntropy(1)
    store = Store(clock=clock, entropy=entropy)
    revisions = [RevisionKey("default", f"model-{n}-predictor-00001") for n in range(count)]
    scales = [make_scale(key) for key in revisions]
    durations = RequestDurations()
    for key in revisions:
        durations.observe(key, 200, 0.01)
        durations.observe(key, 503, 0.2)
    metrics = Metrics(clock)
    metrics.add(
        RevisionMetrics(
            store,
            clock=clock,
            scales=lambda: scales,
            durations=durations,
            load=lambda revision: (1, 0),
            through_activator=lambda revision: 0,
        )
    )
    server = ApiServer(store=store, clock=clock, entropy=entropy, metrics=metrics.render)
    port = await server.serve("127.0.0.1", 0)
    url = f"http://127.0.0.1:{port}/metrics"
    gc.collect()
    gc.freeze()  # as the daemon does, which collects when it is idle
    gc.disable()
    for turn in ("first", "second", "third"):
        stop = asyncio.Event()
        watching = asyncio.ensure_future(watch_turns(stop))
        begun, used = time.perf_counter(), time.process_time()
        size = await read(url)
        took, used = time.perf_counter() - begun, time.process_time() - used
        stop.set()
        longest = sorted(await watching)[-3:]
        shown = ", ".join(f"{each * 1e3:.2f}" for each in reversed(longest))
        print(
            f"{turn} scrape of {count} revisions: {size / 1e6:.1f} MB in {took:.2f} s, "
            f"{used:.2f} s of CPU; longest turns {shown} ms"
        )
    await server.close()


async def read(url: str) -> int:
    """Bytes that another process gets there."""
    words = "import sys, urllib.request as r; print(len(r.urlopen(sys.argv[1]).read()))"
    reader = await asyncio.create_subprocess_exec(
        sys.executable, "-c", words, url, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await reader.communicate()
    return int(said)


def measure_counting() -> None:
    durations, counters = RequestDurations(), Counters()
    key = RevisionKey("default", "model-1-predictor-00001")

    def observe() -> None:
        durations.observe(key, 200, 0.012)

    def end() -> None:
        counters.begun += 1
        counters.end(Outcome.PROXIED, 200)

    for name, step in (("durations.observe", observe), ("counters", end), ("nothing", int)):
        best = min(time_once(step) for _ in range(5))
        print(f"{name}: {best * 1e9:.0f} ns")


def time_once(step: Callable[[], object]) -> float:
    begun = time.perf_counter()
    for _ in range(_TICKS):
        step()
    return (time.perf_counter() - begun) / _TICKS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--revisions", type=int, default=5000)
    asked = parser.parse_args()
    measure_counting()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(measure_page(asked.revisions))


if __name__ == "__main__":
    main()
