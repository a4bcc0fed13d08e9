"""A whole cluster in virtual time: the daemon's parts with another loop, backend and network.

`SimulatedCluster` holds what the daemon holds (store, backend, the three live ports, the
controllers) built from simulated parts, records a trace of all of it, and sends traffic.
`simulate` runs one story on one:

    async def story(cluster: SimulatedCluster) -> None:
        cluster.apply(make_inference_service())
        traffic = cluster.send(("default", "iris"), steady(10, 60), constant(0.05))
        await cluster.until(lambda: traffic.outcomes.answered > 0, what="an answer")

    trace = simulate(story, seed=1)

Each part draws from an entropy of its own, derived from the seed, so that another draw in one part
does not change what another part does.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from kfsim.api.admission import admit
from kfsim.api.compat import CURRENT, Profile
from kfsim.api.meta import Object
from kfsim.api.scheme import kind_of
from kfsim.base.clock import Clock
from kfsim.base.entropy import Entropy, SeededEntropy
from kfsim.base.errors import Timeout
from kfsim.base.types import RoutingTable, ServiceName, Stat
from kfsim.cluster import Cluster, make_config
from kfsim.replicas.devices import FixedInventory, GpuInventory, make_fake_devices
from kfsim.simulation.arrivals import Phase, even_arrivals, poisson_arrivals
from kfsim.simulation.backend import SimulatedBackend
from kfsim.simulation.dataplane import SimulatedDataPlane
from kfsim.simulation.decisions import DecisionWatch
from kfsim.simulation.durations import Duration, constant
from kfsim.simulation.loop import DAY, VirtualLoop, run_virtual, running_loop
from kfsim.simulation.scripts import ReplicaScript
from kfsim.simulation.trace import Trace
from kfsim.simulation.traffic import Traffic
from kfsim.store import Store

_T = TypeVar("_T", bound=Object)
_POLL_SECONDS = 0.05
# Fixed, where the daemon asks the host for its cores: a trace must not depend on the machine.
_START_LIMIT = 16
_GATEWAY_PORT = 80


class Controllers(Protocol):
    """What a cluster consists of besides store, backend and data plane."""

    async def start(self) -> None: ...

    async def close(self) -> None: ...


class _TracedDataPlane(SimulatedDataPlane):
    """Notes every published table; `on_collect` is called with every collection of statistics."""

    def __init__(self, *, loop: VirtualLoop, entropy: Entropy, trace: Trace) -> None:
        super().__init__(loop=loop, entropy=entropy)
        self._trace = trace
        self.on_collect: Callable[[], None] | None = None

    def publish(self, table: RoutingTable) -> None:
        self._trace.observe_routes(table)
        super().publish(table)

    def collect(self, now: float) -> Sequence[Stat]:
        if self.on_collect is not None:
            self.on_collect()
        return super().collect(now)


class SimulatedCluster:
    """One cluster on the running virtual loop."""

    def __init__(
        self,
        *,
        seed: int = 0,
        script: ReplicaScript | None = None,
        build: "Callable[[SimulatedCluster], Controllers] | None" = None,
        gpus: int = 0,
        profile: Profile = CURRENT,
    ) -> None:
        """`script` is every replica's default; `build` replaces the daemon's controllers; the host
        has that many `gpus`; `profile` has the release's names and rules."""
        self._seed = seed
        self.profile = profile
        self._sources = 0
        self.loop = running_loop()
        self.clock: Clock = self.loop.clock
        self.entropy = self.derive_entropy("cluster")
        self.trace = Trace(self.clock)
        self.store = Store(clock=self.clock, entropy=self.derive_entropy("store"))
        self.config = make_config(
            store=self.store, clock=self.clock, entropy=self.derive_entropy("config")
        )
        self.backend = SimulatedBackend(
            clock=self.clock, entropy=self.derive_entropy("backend"), default=script
        )
        self.plane = _TracedDataPlane(
            loop=self.loop, entropy=self.derive_entropy("plane"), trace=self.trace
        )
        self.store.subscribe(self.trace.observe_write)
        # The plane hears first: a replica that died must refuse what controllers then cause.
        self.backend.subscribe(self.trace.observe_replica)
        self.backend.subscribe(self.plane.observe)
        self.gpus: GpuInventory = FixedInventory(
            make_fake_devices(gpus), problem="This host has no GPU."
        )
        self._controllers = (build or build_cluster)(self)

    def derive_entropy(self, part: str) -> Entropy:
        """Dice for one part, the same for equal seeds."""
        return SeededEntropy(f"{self._seed}/{part}")

    async def start(self) -> None:
        await self.backend.open()
        await self._controllers.start()

    async def close(self) -> None:
        await self._controllers.close()
        await self.backend.close()

    # What stories do

    def apply(self, obj: _T) -> _T:
        """Create or replace an object as a client does: defaulted and validated."""
        stored = self.store.find(type(obj), obj.metadata.name, obj.metadata.namespace)
        admitted: _T = admit(  # type: ignore[assignment]  # admission keeps the kind
            kind_of(type(obj)),
            obj,
            stored,
            config=self.config.admission(),
            peers=self.store.peers,
            profile=self.profile,
        )
        return self.store.create(admitted) if stored is None else self.store.update(admitted)

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


def build_cluster(world: SimulatedCluster) -> Cluster:
    """The daemon's own controllers over the simulated parts."""
    cluster = Cluster(
        store=world.store,
        clock=world.clock,
        entropy=world.entropy,
        backend=world.backend,
        route_sink=world.plane,
        stat_source=world.plane,
        drain_gate=world.plane,
        gateway_port=lambda: _GATEWAY_PORT,
        start_limit=_START_LIMIT,
        gpus=world.gpus,
        config=world.config,
        profile=world.profile,
    )
    watch = DecisionWatch(trace=world.trace, store=world.store, scaling=cluster.scaling)
    world.plane.on_collect = watch.look
    return cluster


def simulate(
    story: Callable[[SimulatedCluster], Awaitable[None]],
    *,
    seed: int = 0,
    script: ReplicaScript | None = None,
    build: Callable[[SimulatedCluster], Controllers] | None = None,
    gpus: int = 0,
    profile: Profile = CURRENT,
    horizon: float = DAY,
) -> Trace:
    """Run one story on a fresh cluster to its end; returns the trace."""

    async def main() -> Trace:
        cluster = SimulatedCluster(
            seed=seed, script=script, build=build, gpus=gpus, profile=profile
        )
        await cluster.start()
        try:
            await story(cluster)
        finally:
            await cluster.close()
        return cluster.trace

    return run_virtual(main(), horizon=horizon)
