"""A small world of the four controllers below a Revision, for stories in virtual time.

Deployment, Pod, PodAutoscaler and ServerlessService controllers run over one store; the ports are
fakes. `tell(story)` runs a story in a started world.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from kfsim.api.apps import Deployment, DeploymentSpec, PodTemplateSpec
from kfsim.api.conditions import find_condition
from kfsim.api.core import (
    Container,
    ContainerPort,
    Endpoints,
    Event,
    ObjectReference,
    Pod,
    PodSpec,
)
from kfsim.api.knative.internal import PodAutoscaler, PodAutoscalerSpec, ServerlessService
from kfsim.api.meta import Condition, LabelSelector, ObjectMeta
from kfsim.base.clock import Clock
from kfsim.base.entropy import SeededEntropy
from kfsim.base.types import ReplicaKey, RevisionKey, Stat
from kfsim.controllers import deployment, pod, podautoscaler, serverlessservice
from kfsim.controllers.pod import DeviceScheduler
from kfsim.controllers.pod.reconcile import recover
from kfsim.controllers.runtime import ClusterConfig, Dispatcher, Key, Recorder
from kfsim.replicas.backend import ReplicaBackend
from kfsim.simulation.loop import run_virtual, running_loop
from kfsim.store import Store
from kfsim.testing.backend import FakeBackend
from kfsim.testing.ports import FakeDrainGate, RecordingRouteSink, ScriptedStatSource

REVISION = RevisionKey("default", "iris-predictor-00001")
SERVING = "kserve-container"
GATEWAY_PORT = 8080


class _Conditions(Protocol):
    @property
    def conditions(self) -> tuple[Condition, ...]: ...


class HasConditions(Protocol):
    """Any object whose status has conditions."""

    @property
    def status(self) -> _Conditions: ...


class ScalingWorld:
    """Store, ports and the four controllers; `backend` defaults to one driven by hand."""

    def __init__(
        self,
        backend: ReplicaBackend | None = None,
        *,
        start_limit: int = 4,
        store: Store | None = None,
        devices: DeviceScheduler | None = None,
    ) -> None:
        self.clock = running_loop().clock
        self.entropy = SeededEntropy(1)
        self.store = store or Store(clock=self.clock, entropy=self.entropy)
        self.hands = FakeBackend()
        """The backend driven by hand, unless another was given."""
        self.backend: ReplicaBackend = backend or self.hands
        self.gate = FakeDrainGate()
        self.source = ScriptedStatSource()
        self.sink = RecordingRouteSink()
        recorder = Recorder(
            store=self.store, clock=self.clock, entropy=self.entropy, component="kfsim"
        )
        self.dispatcher = Dispatcher(store=self.store, clock=self.clock)
        self.kubelet = pod.Kubelet(
            clock=self.clock,
            backend=self.backend,
            drain_gate=self.gate,
            wake=lambda key, after: self.dispatcher.enqueue("pod", Key(*key), after=after),
            start_limit=start_limit,
            devices=devices,
        )
        self.scaling = podautoscaler.Scaling(
            clock=self.clock,
            stat_source=self.source,
            wake=lambda key, after: self.dispatcher.enqueue(
                "podautoscaler", Key(*key), after=after
            ),
        )
        self.controllers = [
            deployment.make_controller(
                store=self.store, clock=self.clock, entropy=self.entropy, recorder=recorder
            ),
            pod.make_controller(
                store=self.store, clock=self.clock, recorder=recorder, kubelet=self.kubelet
            ),
            serverlessservice.make_controller(
                store=self.store,
                clock=self.clock,
                backend=self.backend,
                gateway_port=lambda: GATEWAY_PORT,
            ),
            podautoscaler.make_controller(
                store=self.store,
                clock=self.clock,
                route_sink=self.sink,
                scaling=self.scaling,
                config=ClusterConfig(store=self.store, recorder=recorder),
            ),
        ]
        for controller in self.controllers:
            self.dispatcher.add(controller)

    async def start(self) -> None:
        await recover(self.store, self.kubelet, self.backend)
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

    # What a Revision would make

    def apply_revision(
        self,
        revision: RevisionKey = REVISION,
        *,
        replicas: int = 1,
        annotations: dict[str, str] | None = None,
        container: Container | None = None,
        spec: PodSpec | None = None,
    ) -> None:
        labels = {"serving.knative.dev/revision": revision.name, "app": revision.name}
        pods = spec or PodSpec(
            containers=(
                container
                or Container(name=SERVING, image="m", ports=(ContainerPort(container_port=8080),)),
                Container(name="queue-proxy", image="queue"),
            )
        )
        self.store.create(
            Deployment(
                metadata=ObjectMeta(
                    name=f"{revision.name}-deployment",
                    namespace=revision.namespace,
                    labels=labels,
                ),
                spec=DeploymentSpec(
                    replicas=replicas,
                    selector=LabelSelector(match_labels={"serving.knative.dev/revisionUID": "1"}),
                    template=PodTemplateSpec(metadata=ObjectMeta(labels=labels), spec=pods),
                ),
            )
        )
        self.store.create(
            PodAutoscaler(
                metadata=ObjectMeta(
                    name=revision.name,
                    namespace=revision.namespace,
                    labels=labels,
                    annotations=annotations or {},
                ),
                spec=PodAutoscalerSpec(
                    scale_target_ref=ObjectReference(
                        api_version="apps/v1",
                        kind="Deployment",
                        name=f"{revision.name}-deployment",
                    ),
                    container_concurrency=0,
                    protocol_type="http1",
                    reachability="Reachable",
                ),
            )
        )

    # What a test reads

    def pods(self) -> tuple[Pod, ...]:
        return self.store.list(Pod)

    @property
    def pod(self) -> Pod:
        (only,) = self.pods()
        return only

    @property
    def key(self) -> ReplicaKey:
        return key_of(self.pod)

    @property
    def pa(self) -> PodAutoscaler:
        return self.store.get(PodAutoscaler, REVISION.name, REVISION.namespace)

    @property
    def sks(self) -> ServerlessService:
        return self.store.get(ServerlessService, REVISION.name, REVISION.namespace)

    @property
    def deployment(self) -> Deployment:
        return self.store.get(Deployment, f"{REVISION.name}-deployment", REVISION.namespace)

    def private_endpoints(self) -> Endpoints:
        return self.store.get(Endpoints, f"{REVISION.name}-private", REVISION.namespace)

    def events(self, reason: str) -> list[str]:
        return [each.message or "" for each in self.store.list(Event) if each.reason == reason]

    def report(self, *, concurrency: float, requests: float | None = None) -> None:
        """One reporter's second, for the next scrape."""
        count = concurrency if requests is None else requests
        self.source.queued.append(
            Stat(REVISION, "pod", average_concurrent_requests=concurrency, request_count=count)
        )

    async def run_seconds(self, seconds: int, *, concurrency: float) -> None:
        """Pass whole seconds in each of which one reporter reports."""
        for _ in range(seconds):
            self.report(concurrency=concurrency)
            await self.advance(1)


def key_of(pod: Pod) -> ReplicaKey:
    return ReplicaKey(pod.metadata.namespace, pod.metadata.name)


def reason_of(obj: HasConditions, type_: str) -> tuple[str, str | None]:
    """Status and reason of a condition; an AssertionError when there is none."""
    found = find_condition(obj.status.conditions, type_)
    assert found is not None, f"no condition {type_} on {obj}"
    return found.status, found.reason


def tell(
    story: Callable[[ScalingWorld], Awaitable[None]],
    *,
    make_backend: Callable[[Clock], ReplicaBackend] | None = None,
    start_limit: int = 4,
    make_devices: Callable[[], DeviceScheduler] | None = None,
) -> None:
    """Run a story in a started world, in virtual time; `make_backend` is given its clock."""

    async def main() -> None:
        backend = None if make_backend is None else make_backend(running_loop().clock)
        devices = None if make_devices is None else make_devices()
        world = ScalingWorld(backend, start_limit=start_limit, devices=devices)
        await world.start()
        try:
            await story(world)
        finally:
            await world.close()

    run_virtual(main())
