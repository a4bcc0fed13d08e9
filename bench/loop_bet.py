"""Bet (a): do 50,000 reconciles over 14,000 stored objects and the gateway fit on one loop?

The gateway, the real store and the real dispatcher share this process's loop; replica and load
(32 connections) are processes of their own. A reconcile decodes an object, changes it and writes
it back, some 150 to 200 µs. Printed are p50 and p99 without and with reconciles, for a paced and
for a saturating load, under each policy of yielding.
"""

import asyncio
import gc
import json
import os
import sys
import time

import uvloop

from kfsim.api.core import ConfigMap
from kfsim.api.meta import ObjectMeta
from kfsim.base.clock import RealClock
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
from kfsim.controllers.runtime import Controller, Dispatcher, Key, Result
from kfsim.dataplane import Gateway
from kfsim.flow import FlowCore
from kfsim.store import Store

OBJECTS = 14_000
RECONCILES = 50_000
CONNECTIONS = 32
HOST = "iris.default.localhost"
REVISION = RevisionKey("default", "iris-00001")


class Work:
    """Reconciles one object after the other; each run asks for another key until all are done."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.dispatcher: Dispatcher | None = None
        self.left = 0
        self.next = 0
        self.seconds = 0.0
        self.done = 0
        self.longest = 0.0
        self.longest_cpu = 0.0

    def start(self, count: int) -> None:
        self.left = count
        for _ in range(200):
            self._ask()

    def _ask(self) -> None:
        if self.left > 0:
            self.left -= 1
            self.next = (self.next + 1) % OBJECTS
            self.dispatcher.enqueue("bench", Key("default", f"object-{self.next}"))

    def reconcile(self, key: Key) -> Result:
        started, used = time.perf_counter(), time.thread_time()
        obj = self.store.get(ConfigMap, key.name, key.namespace)
        round_ = int(obj.data["round"]) + 1
        self.store.update(obj.replaced(data={**obj.data, "round": str(round_)}))
        self._ask()
        passed = time.perf_counter() - started
        self.seconds += passed
        self.longest = max(self.longest, passed)
        self.longest_cpu = max(self.longest_cpu, time.thread_time() - used)
        self.done += 1
        if self.done % 64 == 0:
            gc.collect(0)
        return Result()


def fill(store: Store) -> None:
    data = {f"key-{number}": "x" * 30 for number in range(36)} | {"round": "0"}
    for number in range(OBJECTS):
        store.create(
            ConfigMap(metadata=ObjectMeta(name=f"object-{number}", namespace="default"), data=data)
        )


def publish(gateway: Gateway, port: int) -> None:
    endpoint = Endpoint(ReplicaKey("default", "pod-1"), "127.0.0.1", port)
    route = HostRoute("default", "iris", (WeightedRevision(REVISION, 100),))
    target = RevisionTarget(REVISION, ServiceMode.SERVE, (endpoint,))
    gateway.publish(RoutingTable(1, {"iris.default": route}, {}, {REVISION: target}))


async def measure(port: int, rate: float, seconds: float) -> dict[str, float]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.paced_load", str(port), HOST, str(CONNECTIONS), str(rate),
        str(seconds), stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await process.communicate()
    return json.loads(output)


async def measure_busy(work: Work, port: int, rate: float, seconds: float) -> dict[str, float]:
    work.seconds = work.longest = work.longest_cpu = 0.0
    before, started = work.done, time.perf_counter()
    work.start(RECONCILES)
    result = await measure(port, rate, seconds)
    passed = time.perf_counter() - started
    result["per_second"] = (work.done - before) / passed
    result["each_us"] = work.seconds / max(work.done - before, 1) * 1e6
    result["longest_ms"] = work.longest * 1000
    result["longest_cpu_ms"] = work.longest_cpu * 1000
    work.left = 0
    await work.dispatcher.until_idle()
    return result


async def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    upstream = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.echo_upstream", stdout=asyncio.subprocess.PIPE
    )
    try:
        await compare(int(await upstream.stdout.readline()), rounds)
    finally:
        upstream.terminate()
        await upstream.wait()


async def compare(upstream_port: int, rounds: int) -> None:
    clock, entropy = RealClock(), SeededEntropy(1)
    gateway = Gateway(clock=clock, entropy=entropy, flow=FlowCore(entropy=entropy))
    port = await gateway.serve("127.0.0.1", 0)
    publish(gateway, upstream_port)
    store = Store(clock=clock, entropy=entropy)
    fill(store)
    gc.collect()
    gc.freeze()
    # Automatic collections scan up to 60,000 young objects at once (20 to 70 ms here), because a
    # steady turnover of views never reaches the threshold. Small ones at set intervals do not.
    gc.disable()
    print(f"{OBJECTS} objects stored, {os.cpu_count()} cores")
    for name, busy in (
        ("1 ms slices", None),
        ("one reconcile a turn while busy", lambda: gateway.busy),
    ):
        work = Work(store)
        dispatcher = Dispatcher(store=store, clock=clock, busy=busy)
        dispatcher.add(Controller("bench", work, ()))
        dispatcher.start()
        work.dispatcher = dispatcher
        for rate, load in ((1000.0, "1000 requests/s"), (0.0, "saturated")):
            for _ in range(rounds):
                idle = await measure(port, rate, 3)
                loaded = await measure_busy(work, port, rate, 5)
                print(
                    f"{name}, {load}: p50 {idle['p50']:.2f} -> {loaded['p50']:.2f} ms, "
                    f"p99 {idle['p99']:.2f} -> {loaded['p99']:.2f} ms "
                    f"({loaded['p99'] / idle['p99']:.2f}x), max {idle['max']:.1f} -> "
                    f"{loaded['max']:.1f} ms, {idle['rate']:.0f} -> {loaded['rate']:.0f} "
                    f"requests/s, {loaded['per_second']:.0f} reconciles/s of "
                    f"{loaded['each_us']:.0f} us, longest {loaded['longest_ms']:.2f} ms "
                    f"({loaded['longest_cpu_ms']:.2f} ms of CPU)",
                    flush=True,
                )
        await dispatcher.close()
    await gateway.close()


if __name__ == "__main__":
    uvloop.run(main())
