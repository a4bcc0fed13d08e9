"""The gateway alone in a process: `python -m bench.proxies.serve UPSTREAM [http1|h2c]`.

Prints its port on the first line. All requests for HOST go to the upstream's port.
"""

import asyncio
import sys

import uvloop

from kfsim.base.clock import RealClock
from kfsim.base.entropy import SeededEntropy
from kfsim.base.types import (
    AppProtocol,
    Endpoint,
    HostRoute,
    ReplicaKey,
    RevisionKey,
    RevisionTarget,
    RoutingTable,
    ServiceMode,
    WeightedRevision,
)
from kfsim.dataplane import Gateway
from kfsim.flow import FlowCore

HOST = "iris.default.localhost"
_REVISION = RevisionKey("default", "iris-00001")


def make_gateway() -> Gateway:
    entropy = SeededEntropy(1)
    return Gateway(clock=RealClock(), entropy=entropy, flow=FlowCore(entropy=entropy))


async def serve(upstream: int, protocol: AppProtocol) -> None:
    gateway = make_gateway()
    endpoint = Endpoint(ReplicaKey("default", "pod-1"), "127.0.0.1", upstream, protocol)
    route = HostRoute("default", "iris", (WeightedRevision(_REVISION, 100),))
    target = RevisionTarget(_REVISION, ServiceMode.SERVE, (endpoint,))
    gateway.publish(RoutingTable(1, {"iris.default": route}, {}, {_REVISION: target}))
    print(await gateway.serve("127.0.0.1", 0), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), AppProtocol(sys.argv[2] if sys.argv[2:] else "http1")))
