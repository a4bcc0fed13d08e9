"""A gateway in a process of its own, whose memory can be measured.

Run as `python -m tests.dataplane.gateway_process PORT`: routes every request for `HOST` to the
replica at that port of loopback, prints its own port, and ends with its standard input.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvloop

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
from kfsim.dataplane import Gateway
from kfsim.flow import FlowCore

REVISION = RevisionKey("default", "iris-predictor-00001")
KILOBYTE = 1024


class GatewayProcess:
    """Where it listens, and what it takes of memory."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._folder = Path(f"/proc/{process.pid}")
        self.port = int(process.stdout.readline())

    def forget_peak(self) -> None:
        (self._folder / "clear_refs").write_text("5")

    @property
    def peak(self) -> int:
        """The most bytes that were resident since `forget_peak`."""
        return self._status("VmHWM")

    @property
    def resident(self) -> int:
        return self._status("VmRSS")

    def _status(self, key: str) -> int:
        for line in (self._folder / "status").read_text().splitlines():
            if line.startswith(f"{key}:"):
                return int(line.split()[1]) * KILOBYTE
        raise LookupError(key)


@contextmanager
def gateway_process(replica_port: int) -> Iterator[GatewayProcess]:
    command = [sys.executable, "-m", "tests.dataplane.gateway_process", str(replica_port)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield GatewayProcess(process)
        finally:
            process.stdin.close()
            process.wait(10)


async def serve(replica_port: int) -> None:
    gateway = Gateway(
        clock=RealClock(),
        entropy=SeededEntropy(2),
        flow=FlowCore(entropy=SeededEntropy(1)),
    )
    endpoint = Endpoint(ReplicaKey("default", "pod-1"), "127.0.0.1", replica_port)
    route = HostRoute("default", "iris", (WeightedRevision(REVISION, 100),))
    target = RevisionTarget(REVISION, ServiceMode.SERVE, (endpoint,))
    gateway.publish(RoutingTable(1, {"iris.default": route}, revisions={REVISION: target}))
    print(await gateway.serve("127.0.0.1", 0), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await gateway.close()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(int(sys.argv[1])))
