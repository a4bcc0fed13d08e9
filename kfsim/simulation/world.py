"""A whole cluster in virtual time: the daemon's parts with another loop, backend and network.

`SimulatedCluster` holds what the daemon holds (store, backend, the three live ports, the
controllers) built from simulated parts, records a trace of all of it, and sends traffic.
`simulate` runs one story on one:

    async def story(cluster: SimulatedCluster) -> None:
        cluster.store.create(make_service())
        traffic = cluster.send(("default", "iris"), steady(10, 60), constant(0.05))
        await cluster.until(lambda: traffic.outcomes.answered > 0, what="an answer")

    trace = simulate(story, seed=1)

Each part draws from an entropy of its own, derived from the seed, so that another draw in one part
does not change what another part does.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from kfsim.base.clock import Clock
from kfsim.base.entropy import Entropy, SeededEntropy
from kfsim.base.errors import Timeout
from kfsim.base.types import RoutingTable
from kfsim.replicas.addresses import Address, AddressResolver
from kfsim.simulation.arrivals import Phase, even_arrivals, poisson_arrivals
from kfsim.simulation.backend import SimulatedBackend
from kfsim.simulation.dataplane import ServiceName, SimulatedDataPlane
from kfsim.simulation.durations import Duration, constant
from kfsim.simulation.loop import DAY, VirtualLoop, run_virtual, running_loop
from kfsim.simulation.scripts import ReplicaScript
from kfsim.simulation.trace import Trace
from kfsim.simulation.traffic import Traffic
from kfsim.store import Store

_POLL_SECONDS = 0.01


class Controllers(Protocol):
    """What a cluster consists of besides store, backend and data plane."""

    def start(self) -> None: ...

    async def close(self) -> None: ...


class ClusterNames(AddressResolver):
    """Cluster-local names as they are on a cluster; nothing connects to them."""

    def resolve(self, namespace: str, service: str) -> Address:
        return Address(f"{service}.{namespace}.svc.cluster.local", 80)


class _TracedDataPlane(SimulatedDataPlane):
    """Notes every published table."""

    def __init__(self, *, loop: VirtualLoop, entropy: Entropy, trace: Trace) -> None:
        super().__init__(loop=loop, entropy=entropy)
        self._trace = trace

    def publish(self, table: RoutingTable) -> None:
        self._trace.observe_routes(table)
        super().publish(table)


class SimulatedCluster:
    """One cluster on the running virtual loop."""

    def __init__(
        self,
        build: "Callable[[SimulatedCluster], Controllers]",
        *,
        seed: int = 0,
        script: ReplicaScript | None = None,
    ) -> None:
        """`build` makes the controllers from the parts; `script` is every replica's default."""
        self._seed = seed
        self._sources = 0
        self.loop = running_loop()
        self.clock: Clock = self.loop.clock
        self.entropy = self.derive_entropy("cluster")
        self.trace = Trace(self.clock)
        self.store = Store(clock=self.clock, entropy=self.derive_entropy("store"))
        self.backend = SimulatedBackend(
            clock=self.clock, entropy=self.derive_entropy("backend"), default=script
        )
        self.plane: SimulatedDataPlane = _TracedDataPlane(
            loop=self.loop, entropy=self.derive_entropy("plane"), trace=self.trace
        )
        self.resolver = ClusterNames()
        self.store.subscribe(self.trace.observe_write)
        # The plane hears first: a replica that died must refuse what controllers then cause.
        self.backend.subscribe(self.trace.observe_replica)
        self.backend.subscribe(self.plane.observe)
        self._controllers = build(self)

    def derive_entropy(self, part: str) -> Entropy:
        """Dice for one part, the same for equal seeds."""
        return SeededEntropy(f"{self._seed}/{part}")

    async def start(self) -> None:
        await self.backend.open()
        self._controllers.start()

    async def close(self) -> None:
        await self._controllers.close()
        await self.backend.close()

    # What stories do

    def send(
        self,
        service: ServiceName,
        phases: Sequence[Phase],
        duration: float | Duration,
        *,
        poisson: bool = False,
    ) -> Traffic:
        """Start traffic for a service now; a number is a constant service time in seconds."""
        self._sources += 1
        if poisson:
            dice = self.derive_entropy(f"traffic {self._sources}")
            arrivals = poisson_arrivals(phases, dice)
        else:
            arrivals = even_arrivals(phases)
        traffic = Traffic(
            loop=self.loop,
            plane=self.plane,
            service=service,
            arrivals=arrivals,
            duration=duration if callable(duration) else constant(duration),
        )
        traffic.start()
        return traffic

    async def until(
        self, condition: Callable[[], object], *, what: str, within: float = 60.0
    ) -> float:
        """Let time pass until the condition holds; returns the moment, or raises Timeout."""
        deadline = self.clock.now() + within
        while not condition():
            if self.clock.now() >= deadline:
                raise Timeout(
                    f"waited {within:g} virtual seconds for {what}; it did not happen until "
                    f"{self.clock.now():g} s. The last lines of the trace:\n"
                    + "\n".join(map(str, self.trace.lines[-10:]))
                )
            await asyncio.sleep(_POLL_SECONDS)
        return self.clock.now()


def simulate(
    story: Callable[[SimulatedCluster], Awaitable[None]],
    build: Callable[[SimulatedCluster], Controllers],
    *,
    seed: int = 0,
    script: ReplicaScript | None = None,
    horizon: float = DAY,
) -> Trace:
    """Run one story on a fresh cluster to its end; returns the trace."""

    async def main() -> Trace:
        cluster = SimulatedCluster(build, seed=seed, script=script)
        await cluster.start()
        try:
            await story(cluster)
        finally:
            await cluster.close()
        return cluster.trace

    return run_virtual(main(), horizon=horizon)
