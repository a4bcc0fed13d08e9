"""Idle InferenceServices on one loop: time, memory, stalls, wake-up.

`python -m bench.thousand_services [COUNT]`: 1,000 with initial-scale 0, or COUNT; 10,000 must pass
without a failure.

Store with its journal, all controllers, the live gateway; only the replica backend is one that
starts nothing, because nothing is to start. Targets: apply to Ready at most 15 s, at most 150 MB
of resident memory, poke to `ReplicaBackend.start` under 10 ms, an autoscaler tick with 1 % active
at most 1 ms.
"""

import asyncio
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from kfsim.api.admission import admit
from kfsim.api.conditions import is_true
from kfsim.api.core import ConfigMap
from kfsim.api.kserve.types import InferenceService
from kfsim.api.meta import ObjectMeta
from kfsim.api.scheme import kind_of
from kfsim.base.clock import RealClock
from kfsim.base.entropy import SeededEntropy
from kfsim.base.types import ReplicaKey, RevisionKey
from kfsim.cluster import Cluster
from kfsim.daemon.memory import IdleCollector
from kfsim.dataplane import Gateway
from kfsim.flow import FlowCore
from kfsim.replicas.backend import ReplicaSpec
from kfsim.store import Store, StoreEvent
from kfsim.store.sqlite_journal import SqliteJournal
from kfsim.testing.backend import FakeBackend

_SERVICES = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
_WAKE_UPS = 20


class StartRecorder(FakeBackend):
    """Notes when each replica was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: dict[ReplicaKey, float] = {}
        self.woken = asyncio.Event()

    async def start(self, spec: ReplicaSpec) -> None:
        self.asked[spec.key] = time.perf_counter()
        self.woken.set()
        await super().start(spec)


class StallMeter:
    """The longest time that the loop did not come round."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def run(self) -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0)
            now = time.perf_counter()
            self.longest = max(self.longest, now - last)
            last = now


class ReadyCounter:
    """Counts Ready InferenceServices as they are written, without reading the store over again."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.ready: set[str] = set()
        self.reached = asyncio.Event()
        store.subscribe(self._on_write)

    def _on_write(self, event: StoreEvent) -> None:
        if event.entry.model is not InferenceService:
            return
        if is_true(self._store.view(InferenceService, event.entry).status.conditions):
            self.ready.add(event.entry.name)
            if len(self.ready) == _SERVICES:
                self.reached.set()


def make_service(number: int) -> InferenceService:
    return InferenceService.model_validate(
        {
            "metadata": {"name": f"iris-{number:04}", "namespace": "default"},
            "spec": {
                "predictor": {
                    "minReplicas": 0,
                    "annotations": {"autoscaling.knative.dev/initial-scale": "0"},
                    "model": {
                        "modelFormat": {"name": "sklearn"},
                        "storageUri": "/models/iris",
                    },
                }
            },
        }
    )


def resident_megabytes() -> float:
    fields = Path("/proc/self/statm").read_text().split()
    return int(fields[1]) * resource.getpagesize() / 1e6


async def measure(folder: Path) -> None:
    clock, entropy = RealClock(), SeededEntropy(1)
    base = resident_megabytes()
    store = Store(clock=clock, entropy=entropy, journal=SqliteJournal(folder / "journal"))
    flow = FlowCore(entropy=entropy)
    gateway = Gateway(clock=clock, entropy=entropy, flow=flow)
    backend = StartRecorder()
    cluster = Cluster(
        store=store,
        clock=clock,
        entropy=entropy,
        backend=backend,
        route_sink=gateway,
        stat_source=gateway,
        drain_gate=gateway,
        gateway_port=lambda: 8080,
        start_limit=64,
    )
    store.create(
        ConfigMap(
            metadata=ObjectMeta(name="config-autoscaler", namespace="knative-serving"),
            data={"allow-zero-initial-scale": "true"},
        )
    )
    await cluster.start()
    collector = IdleCollector(busy=lambda: cluster.dispatcher.busy)
    collecting = asyncio.get_running_loop().create_task(collector.run())
    meter = StallMeter()
    counter = ReadyCounter(store)
    watching = asyncio.get_running_loop().create_task(meter.run())  # a measurement
    started, worked = time.perf_counter(), time.process_time()
    for number in range(_SERVICES):
        service = admit(kind_of(InferenceService), make_service(number), None)
        store.create(service)
        await asyncio.sleep(0)
    try:
        async with asyncio.timeout(30 + _SERVICES / 5):
            await counter.reached.wait()
    except TimeoutError:
        raise RuntimeError(f"only {len(counter.ready)} of {_SERVICES} are Ready") from None
    ready, worked = time.perf_counter() - started, time.process_time() - worked
    await cluster.dispatcher.until_idle()
    watching.cancel()
    collecting.cancel()
    print(
        f"{_SERVICES} services, initial-scale 0: apply to Ready {ready:.2f} s (target 15), "
        f"{worked:.2f} s of CPU in all threads, "
        f"{cluster.dispatcher.reconciles} reconciles of {len(store)} objects "
        f"({ready / cluster.dispatcher.reconciles * 1e6:.0f} µs each), resident "
        f"{resident_megabytes():.0f} MB of which {base:.0f} before (target 150), "
        f"{(resident_megabytes() - base) * 1000 / _SERVICES:.0f} KB a service, longest stall "
        f"{meter.longest * 1000:.1f} ms"
    )
    await wake(cluster, flow, backend)
    tick(cluster)
    await cluster.close()


async def wake(cluster: Cluster, flow: FlowCore, backend: StartRecorder) -> None:
    times = []
    for number in range(_WAKE_UPS):
        revision = RevisionKey("default", f"iris-{number:04}-predictor-00001")
        backend.woken.clear()
        poked = time.perf_counter()
        flow.admit(revision, RealClock().now(), lambda ticket: None, lambda ticket: None)
        async with asyncio.timeout(10):
            await backend.woken.wait()
        times.append((time.perf_counter() - poked) * 1000)
        await cluster.dispatcher.until_idle()
    print(
        f"poke to ReplicaBackend.start over {_WAKE_UPS}: p50 {statistics.median(times):.2f} ms, "
        f"max {max(times):.2f} ms (target 10)"
    )


def tick(cluster: Cluster) -> None:
    times = []
    for _ in range(50):
        started = time.perf_counter()
        now = RealClock().now()
        cluster.scaling.collect(now)
        for _ in cluster.scaling.decide(now):
            pass
        times.append((time.perf_counter() - started) * 1000)
    print(
        f"autoscaler scrape and tick over {_SERVICES} revisions, {_WAKE_UPS} awake: median "
        f"{statistics.median(times):.2f} ms, max {max(times):.2f} ms (target 1)"
    )


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="kfsim-bench-") as folder:
        uvloop.run(measure(Path(folder)))


if __name__ == "__main__":
    main()
