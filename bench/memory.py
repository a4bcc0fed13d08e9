"""The gateway's memory: alone in its process, and per idle service that it routes.

`python -m bench.memory [COUNT]`, 10,000 services without COUNT. Each figure comes from a process of
its own: resident memory where nothing traces allocations, and what was allocated, apart for the
table (made as the routing controller makes it of an InferenceService at zero) and for what the
gateway keeps beside it.
"""

import gc
import json
import subprocess
import sys
import tracemalloc
from pathlib import Path

import uvloop

from bench.project import ROOT, environment
from bench.proxies.comparison import Target
from bench.proxies.serve import make_gateway
from kfsim.base.types import (
    HostRoute,
    RevisionKey,
    RevisionTarget,
    RoutingTable,
    ServiceMode,
    WeightedRevision,
)


def make_table(count: int) -> RoutingTable:
    """Per service: the Route's host, the InferenceService's host (their paths follow), a target."""
    from kfsim.controllers.routing.hosts import shared_header  # late: no part of a gateway's base

    hosts, revisions = {}, {}
    for number in range(count):
        name, namespace = f"iris-{number:05}", "default"
        inner = f"{name}-predictor"
        revision = RevisionKey(namespace, f"{inner}-00001")
        split = (WeightedRevision(revision, 100),)
        route = HostRoute(namespace, inner, split)
        headers = (
            shared_header("KServe-Isvc-Name", name),
            shared_header("KServe-Isvc-Namespace", namespace),
        )
        front = HostRoute(namespace, name, split, headers)
        hosts |= {f"{inner}.{namespace}": route, f"{name}.{namespace}": front}
        revisions[revision] = RevisionTarget(
            revision, ServiceMode.PROXY, configuration=inner, service=inner
        )
    return RoutingTable(1, hosts, {}, revisions)


def resident_bytes(pid: str = "self") -> int:
    """Of the process, what it shares with others included."""
    text = Path(f"/proc/{pid}/status").read_text()
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return int(fields["VmRSS"].split()[0]) * 1024


async def measure_resident(count: int) -> dict[str, float]:
    """A gateway that listens: before and after it was told of the services."""
    gateway = make_gateway()
    await gateway.serve("127.0.0.1", 0)
    gc.collect()
    base = resident_bytes()
    make_table(0)  # imports what makes tables
    gc.collect()
    without = resident_bytes()
    gateway.publish(make_table(count))
    gc.collect()
    grown = resident_bytes() - without
    await gateway.close()
    return {"base": base, "service": grown / count}


async def measure_allocated(count: int) -> dict[str, float]:
    gateway = make_gateway()
    make_table(0)  # imports what makes tables
    tracemalloc.start()
    empty = tracemalloc.get_traced_memory()[0]
    table = make_table(count)
    gc.collect()
    made = tracemalloc.get_traced_memory()[0]
    gateway.publish(table)
    gc.collect()
    published = tracemalloc.get_traced_memory()[0]
    await gateway.close()
    return {"table": (made - empty) / count, "gateway": (published - made) / count}


_MEASURES = {"resident": measure_resident, "allocated": measure_allocated}


def ask(what: str, count: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.memory", what, str(count)],
        cwd=ROOT, env=environment(), check=True, capture_output=True, text=True,
    )  # fmt: skip
    said: dict[str, float] = json.loads(done.stdout)
    return said


def main(count: int) -> None:
    resident, allocated = ask("resident", count), ask("allocated", count)
    base = Target("MB resident", 45).judge(resident["base"] / 1e6)
    both = allocated["table"] + allocated["gateway"]
    print(f"the gateway alone, listening: {base}")
    print(
        f"routing of {count} idle services, each: "
        f"{Target('kB allocated', 1.0).judge(both / 1000)}, of which the table "
        f"{allocated['table'] / 1000:.2f} and the gateway {allocated['gateway'] / 1000:.2f}; "
        f"resident {resident['service'] / 1000:.2f} kB"
    )


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in _MEASURES:
        print(json.dumps(uvloop.run(_MEASURES[sys.argv[1]](int(sys.argv[2])))))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 10_000)
