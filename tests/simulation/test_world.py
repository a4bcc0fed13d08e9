"""The world with one small reconciler in place of all controllers: a Pod becomes a replica."""

import asyncio

import pytest

from kfsim.api.core import Container, Pod, PodSpec
from kfsim.api.meta import ObjectMeta
from kfsim.base.errors import Timeout
from kfsim.base.tasks import TaskSet
from kfsim.base.types import Endpoint, ReplicaKey
from kfsim.controllers.runtime import Controller, Dispatcher, Key, Result, watch_self
from kfsim.replicas.backend import ReplicaEvent, ReplicaEventKind, ReplicaSpec
from kfsim.simulation.arrivals import steady
from kfsim.simulation.scripts import ReplicaScript
from kfsim.simulation.trace import Trace
from kfsim.simulation.world import SimulatedCluster, simulate
from tests.simulation.planes import REVISION, SERVICE, make_table, make_target

POD = Pod(
    metadata=ObjectMeta(namespace="default", name="pod-1"),
    spec=PodSpec(containers=(Container(name="main"),)),
)


class PodStarter:
    """Starts each Pod's replica, and routes to it from its container's start."""

    def __init__(self, world: SimulatedCluster) -> None:
        self.world = world
        self.tasks = TaskSet("starter")
        self.dispatcher = Dispatcher(store=world.store, clock=world.clock)
        self.dispatcher.add(Controller("pod", self, (watch_self(Pod),)))
        world.backend.subscribe(self.observe)

    async def start(self) -> None:
        self.world.plane.publish(make_table(1, make_target(container_concurrency=0)))
        self.dispatcher.start()

    async def close(self) -> None:
        await self.dispatcher.close()
        await self.tasks.close()

    def reconcile(self, key: Key) -> Result:
        pod = self.world.store.get(Pod, key.name, key.namespace)
        spec = ReplicaSpec(ReplicaKey(*key), pod.metadata.uid, REVISION, pod, "main", 8080)
        self.tasks.spawn(self.world.backend.start(spec), name=key.name)
        return Result()

    def observe(self, event: ReplicaEvent) -> None:
        if event.kind is ReplicaEventKind.STARTED:
            address = self.world.backend.address(event.key, 8080)
            target = make_target(container_concurrency=0)
            endpoint = Endpoint(event.key, address.host, address.port)
            self.world.plane.publish(
                make_table(2, type(target)(REVISION, target.mode, (endpoint,)))
            )


def run(seed: int, *, poisson: bool = False) -> Trace:
    async def story(cluster: SimulatedCluster) -> None:
        cluster.store.create(POD)
        traffic = cluster.send(SERVICE, steady(10, 5), 0.05, poisson=poisson)
        answered = await cluster.until(lambda: traffic.outcomes.answered, what="an answer")
        assert answered > 0.9
        await asyncio.sleep(10)
        cluster.trace.note("traffic", str(traffic.outcomes))
        assert traffic.outcomes.in_flight == 0

    script = ReplicaScript(schedule=1, jitter=0.1)
    return simulate(story, build=PodStarter, seed=seed, script=script)


def test_a_story_runs_and_leaves_a_trace_of_everything() -> None:
    trace = run(1)
    assert [line.what for line in trace.lines] == [
        "routes",
        "store",
        "replica",
        "routes",
        "traffic",
        "replica",
        "replica",
    ]
    assert "sent 50, answered 50, cold " in next(iter(trace.about("traffic"))).text


@pytest.mark.parametrize("poisson", [False, True])
def test_equal_seeds_give_equal_traces_and_others_do_not(poisson: bool) -> None:
    first = run(1, poisson=poisson)
    assert first.first_difference(run(1, poisson=poisson)) is None
    assert first.digest() != run(2, poisson=poisson).digest()


def test_waiting_in_vain_shows_what_happened_last() -> None:
    async def story(cluster: SimulatedCluster) -> None:
        cluster.store.create(POD)
        await cluster.until(lambda: False, what="a miracle", within=30)

    with pytest.raises(Timeout, match=r"(?s)30 virtual seconds for a miracle.*Started default/pod"):
        simulate(story, build=PodStarter)


def test_parts_draw_from_entropies_of_their_own() -> None:
    async def story(cluster: SimulatedCluster) -> None:
        assert cluster.derive_entropy("a").uid() == cluster.derive_entropy("a").uid()
        assert cluster.derive_entropy("a").uid() != cluster.derive_entropy("b").uid()

    simulate(story, build=PodStarter)
