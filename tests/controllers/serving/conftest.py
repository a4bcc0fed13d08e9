"""All controllers from a Knative Service to its Pods, on the virtual loop."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from kfsim.api.conditions import find_condition
from kfsim.api.core import Container, Pod
from kfsim.api.knative.defaults import default_service
from kfsim.api.knative.serving import (
    Configuration,
    Revision,
    RevisionSpec,
    RevisionTemplateSpec,
    Route,
    Service,
    ServiceSpec,
    TrafficTarget,
)
from kfsim.api.meta import ObjectMeta
from kfsim.base.entropy import SeededEntropy
from kfsim.base.types import ReplicaKey
from kfsim.controllers import (
    configuration,
    deployment,
    labeler,
    pod,
    podautoscaler,
    revision,
    route,
    routing,
    serverlessservice,
    service,
)
from kfsim.controllers.runtime import ClusterConfig, Dispatcher, Key, Recorder
from kfsim.replicas.backend import ReplicaEventKind
from kfsim.simulation.loop import run_virtual, running_loop
from kfsim.store import Store
from kfsim.testing.backend import FakeBackend
from kfsim.testing.ports import FakeDrainGate, RecordingRouteSink, ScriptedStatSource

NAMESPACE = "default"
CONTAINER = "user-container"


class ServingWorld:
    """Store, fakes of the ports, every controller; replicas do what the test says."""

    def __init__(self) -> None:
        clock = running_loop().clock
        entropy = SeededEntropy(1)
        self.store = Store(clock=clock, entropy=entropy)
        self.backend = FakeBackend()
        self.sink = RecordingRouteSink()
        self.gate = FakeDrainGate()
        store, sink = self.store, self.sink
        recorder = Recorder(store=store, clock=clock, entropy=entropy, component="kfsim")
        self.dispatcher = Dispatcher(store=store, clock=clock)
        self.kubelet = pod.Kubelet(
            clock=clock,
            backend=self.backend,
            drain_gate=self.gate,
            wake=lambda key, after: self.dispatcher.enqueue("pod", Key(*key), after=after),
            start_limit=4,
        )
        self.scaling = podautoscaler.Scaling(
            clock=clock,
            stat_source=ScriptedStatSource(),
            wake=lambda key, after: self.dispatcher.enqueue(
                "podautoscaler", Key(*key), after=after
            ),
        )
        common = {"store": store, "clock": clock, "recorder": recorder}
        config = ClusterConfig(store=store, recorder=recorder)
        for controller in (
            service.make_controller(**common, config=config),
            configuration.make_controller(**common, config=config),
            revision.make_controller(**common, config=config),
            route.make_controller(**common, config=config, gateway_port=lambda: 8080),
            labeler.make_controller(store=store, clock=clock),
            routing.make_controller(store=store, clock=clock, route_sink=sink),
            deployment.make_controller(**common, entropy=entropy),
            pod.make_controller(**common, kubelet=self.kubelet),
            serverlessservice.make_controller(
                store=store, clock=clock, backend=self.backend, gateway_port=lambda: 8080
            ),
            podautoscaler.make_controller(
                store=store, clock=clock, route_sink=sink, scaling=self.scaling, config=config
            ),
        ):
            self.dispatcher.add(controller)

    def start(self) -> None:
        self.dispatcher.start()
        self.scaling.start()

    async def close(self) -> None:
        await self.scaling.close()
        await self.dispatcher.close()
        await self.kubelet.close()

    async def settle(self) -> None:
        """Let everything happen that is due now, without time moving on."""
        for _ in range(20):
            await self.dispatcher.until_idle()
            await asyncio.sleep(0)

    async def advance(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self.settle()

    # What a user does

    async def apply(
        self,
        image: str,
        *traffic: TrafficTarget,
        labels: dict[str, str] | None = None,
        annotations: dict[str, str] | None = None,
    ) -> None:
        """Create or update the Service `iris`."""
        found = self.store.find(Service, "iris", NAMESPACE)
        spec = ServiceSpec(
            template=RevisionTemplateSpec(
                metadata=ObjectMeta(annotations=annotations or {}),
                spec=RevisionSpec(containers=(Container(image=image),)),
            ),
            traffic=traffic,
        )
        if found is None:
            metadata = ObjectMeta(name="iris", namespace=NAMESPACE, labels=labels or {})
            self.store.create(default_service(Service(metadata=metadata, spec=spec)))
        else:
            self.store.update(default_service(found.replaced(spec=spec)))
        await self.settle()

    # What replicas do

    def _pods(self, revision_name: str) -> list[Pod]:
        return [
            each
            for each in self.store.list(Pod, NAMESPACE)
            if each.metadata.name.startswith(f"{revision_name}-")
        ]

    def key(self, revision_name: str) -> ReplicaKey:
        found = self._pods(revision_name)[0].metadata
        return ReplicaKey(found.namespace, found.name)

    async def come_up(self, revision_name: str) -> None:
        for each in self._pods(revision_name):
            key = ReplicaKey(each.metadata.namespace, each.metadata.name)
            self.backend.emit(key, ReplicaEventKind.STARTED, CONTAINER)
            self.backend.ready(key, CONTAINER)
        await self.settle()
        await self.advance(0.1)

    async def crash(self, revision_name: str, *, exit_code: int, message: str) -> None:
        key = self.key(revision_name)
        self.backend.emit(key, ReplicaEventKind.STARTED, CONTAINER)
        await self.settle()
        self.backend.emit(
            key,
            ReplicaEventKind.EXITED,
            CONTAINER,
            exit_code=exit_code,
            reason="Error",
            message=message,
        )
        await self.settle()

    # What a test reads

    @property
    def service(self) -> Service:
        return self.store.get(Service, "iris", NAMESPACE)

    @property
    def configuration(self) -> Configuration:
        return self.store.get(Configuration, "iris", NAMESPACE)

    @property
    def route(self) -> Route:
        return self.store.get(Route, "iris", NAMESPACE)

    def revision(self, name: str) -> Revision:
        return self.store.get(Revision, name, NAMESPACE)

    def split(self, host: str = "iris.default") -> list[tuple[str, int]]:
        """The shares that the table in force gives to a host."""
        found = self.sink.table.hosts[host]
        return [(each.revision.name, each.percent) for each in found.split]


def condition(obj: Service | Configuration | Revision | Route, type_: str = "Ready") -> object:
    found = find_condition(obj.status.conditions, type_)
    return None if found is None else (found.status, found.reason)


Story = Callable[[ServingWorld], Awaitable[None]]


@pytest.fixture
def play_serving() -> Callable[[Story], None]:
    """Runs a story in a started world, in virtual time."""

    def run(story: Story) -> None:
        async def main() -> None:
            world = ServingWorld()
            world.start()
            try:
                await story(world)
            finally:
                await world.close()

        run_virtual(main())

    return run


@pytest.fixture
def read() -> Callable[..., object]:
    """Status and reason of an object's condition."""
    return condition
