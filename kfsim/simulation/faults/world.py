"""A cluster whose daemon can be killed at any moment, and started again over what survived."""

from collections.abc import Sequence

from kfsim.base.entropy import Entropy, SeededEntropy
from kfsim.base.types import ReplicaKey
from kfsim.cluster import Cluster
from kfsim.replicas.devices import FixedInventory, make_fake_devices
from kfsim.simulation.dataplane import SimulatedDataPlane
from kfsim.simulation.faults.backend import FaultyBackend
from kfsim.simulation.faults.clock import AdjustableClock
from kfsim.simulation.faults.journal import FaultyJournal
from kfsim.simulation.faults.trace import RollingTrace
from kfsim.simulation.loop import running_loop
from kfsim.simulation.scripts import ReplicaScript
from kfsim.store import Store

GPUS = 2
_START_LIMIT = 4
_GATEWAY_PORT = 80
REPLICA = ReplicaScript(load=2.0, jitter=0.3)


class World:
    """What outlives a daemon, and the parts of the present one (`store`, `plane`, `cluster`)."""

    store: Store
    plane: SimulatedDataPlane
    cluster: Cluster

    def __init__(self, *, seed: int) -> None:
        self._seed = seed
        self.loop = running_loop()
        self.clock = AdjustableClock(self.loop.clock)
        self.trace = RollingTrace(self.clock)
        self.journal = FaultyJournal()
        self.backend = FaultyBackend(
            clock=self.clock, entropy=self.derive_entropy("backend"), default=REPLICA
        )
        self.lives = 0

    def derive_entropy(self, part: str) -> Entropy:
        return SeededEntropy(f"{self._seed}/{part}")

    async def start(self) -> None:
        """A daemon comes to life."""
        self.lives += 1
        life = f"life {self.lives}"
        self.trace.note("daemon", life)
        self.store = Store(
            clock=self.clock,
            entropy=self.derive_entropy(f"store {life}"),
            journal=self.journal,
        )
        self.plane = SimulatedDataPlane(
            loop=self.loop, entropy=self.derive_entropy(f"plane {life}")
        )
        self.store.subscribe(self.trace.observe_write)
        self.backend.subscribe(self.trace.observe_replica)
        self.backend.subscribe(self.plane.observe)
        self.cluster = Cluster(
            store=self.store,
            clock=self.clock,
            entropy=self.derive_entropy(f"cluster {life}"),
            backend=self.backend,
            route_sink=self.plane,
            stat_source=self.plane,
            drain_gate=self.plane,
            gateway_port=lambda: _GATEWAY_PORT,
            start_limit=_START_LIMIT,
            gpus=FixedInventory(make_fake_devices(GPUS), problem="This host has no GPU."),
        )
        await self.cluster.start()

    async def kill(self, lost: Sequence[ReplicaKey] = ()) -> None:
        """The daemon dies; `lost` replicas end before the next one looks."""
        self.trace.note("daemon", f"killed, {len(lost)} replicas lost")
        self.journal.crash()
        self.backend.available = True
        await self.cluster.close()
        await self.backend.orphan(lost)

    async def close(self) -> None:
        await self.cluster.close()
        await self.backend.close()
