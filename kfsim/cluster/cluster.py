"""All controllers of a cluster, over one store and one data plane."""

from collections.abc import Callable

from kfsim.api.compat import CURRENT, Profile
from kfsim.api.kserve.types import InferenceService
from kfsim.api.substitution import LocalMaps
from kfsim.base.clock import Clock
from kfsim.base.entropy import Entropy
from kfsim.base.ports import DrainGate, RouteSink, StatSource
from kfsim.base.types import ReplicaKey, RevisionKey
from kfsim.controllers import (
    configuration,
    deployment,
    events,
    gc,
    inferenceservice,
    labeler,
    pod,
    podautoscaler,
    revision,
    route,
    routing,
    serverlessservice,
    service,
)
from kfsim.controllers.pod.milestones import Milestones
from kfsim.controllers.pod.reconcile import recover
from kfsim.controllers.podautoscaler import Scaling
from kfsim.controllers.runtime import ClusterConfig, Controller, Dispatcher, Key, Recorder
from kfsim.replicas.backend import ReplicaBackend
from kfsim.replicas.choice import BackendChooser
from kfsim.replicas.devices import GpuInventory, GpuSettings
from kfsim.replicas.node import Node
from kfsim.store import Store

DEFAULT_DOMAIN = "localhost"


def make_config(*, store: Store, clock: Clock, entropy: Entropy) -> ClusterConfig:
    """The ConfigMaps of the cluster in `store`, as its controllers read them."""
    recorder = Recorder(store=store, clock=clock, entropy=entropy, component="controller")
    return ClusterConfig(store=store, recorder=recorder, domain=DEFAULT_DOMAIN)


class Cluster:
    """Reconciles everything in `store`. What is live is reached through the given ports.

    `gateway_port` is asked late, because the gateway may bind after construction; `busy` tells
    that requests are in flight, so that reconciles make room for them; `start_limit` bounds how
    many replicas start at the same time; `chooser` decides between backends where `backend` is
    several in one. `gpus` are the host's, none where it is left out. `config` is given where
    others, such as admission, go by the same ConfigMaps. `maps` and `secrets` are the project's
    own; `take_local_settings` is due when they have changed. With a `node` (`--strict`) Pods are
    placed on it as a cluster's scheduler would, need their ServiceAccounts, and Standard mode is
    not stood in for. `profile` has the names and rules of the release that the project asks for.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        backend: ReplicaBackend,
        route_sink: RouteSink,
        stat_source: StatSource,
        drain_gate: DrainGate,
        gateway_port: Callable[[], int],
        start_limit: int,
        busy: Callable[[], bool] | None = None,
        chooser: BackendChooser | None = None,
        gpus: GpuInventory | None = None,
        gpu_settings: GpuSettings | None = None,
        config: ClusterConfig | None = None,
        node: Node | None = None,
        maps: Callable[[], LocalMaps] = LocalMaps,
        secrets: Callable[[], pod.FilledSecrets] = dict,
        profile: Profile = CURRENT,
    ) -> None:
        self._store = store
        self._profile = profile
        self._chooser = chooser
        self._backend = backend
        self._strict = node is not None
        self._maps = maps
        self._secrets = secrets
        self.dispatcher = Dispatcher(store=store, clock=clock, busy=busy)
        self.scaling = Scaling(clock=clock, stat_source=stat_source, wake=self._wake_autoscaler)
        self.devices = pod.DeviceScheduler(inventory=gpus, settings=gpu_settings, node=node)
        self._kubelet = pod.Kubelet(
            clock=clock,
            backend=backend,
            drain_gate=drain_gate,
            wake=self._wake_pod,
            start_limit=start_limit,
            devices=self.devices,
        )
        self.event_expiry = events.EventExpiry(store=store, clock=clock)
        recorder = Recorder(store=store, clock=clock, entropy=entropy, component="kfsim")
        config = config or make_config(store=store, clock=clock, entropy=entropy)
        for controller in self._make_controllers(
            store, clock, entropy, recorder, route_sink, config, gateway_port
        ):
            self.dispatcher.add(controller)

    def _make_controllers(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        recorder: Recorder,
        route_sink: RouteSink,
        config: ClusterConfig,
        gateway_port: Callable[[], int],
    ) -> tuple[Controller, ...]:
        """In the order of the object chain, from the manifest to the replica and the routes."""
        return (
            inferenceservice.make_controller(
                store=store,
                clock=clock,
                recorder=recorder,
                domain=config.default_domain,
                gateway_port=gateway_port,
                maps=self._maps,
                strict=self._strict,
                profile=self._profile,
            ),
            service.make_controller(store=store, clock=clock, recorder=recorder, config=config),
            configuration.make_controller(
                store=store, clock=clock, recorder=recorder, config=config
            ),
            revision.make_controller(
                store=store,
                clock=clock,
                recorder=recorder,
                config=config,
                chooser=self._chooser,
            ),
            gc.make_controller(store=store, clock=clock, config=config),
            labeler.make_controller(store=store, clock=clock),
            route.make_controller(
                store=store,
                clock=clock,
                recorder=recorder,
                config=config,
                gateway_port=gateway_port,
            ),
            podautoscaler.make_controller(
                store=store,
                clock=clock,
                route_sink=route_sink,
                scaling=self.scaling,
                config=config,
            ),
            serverlessservice.make_controller(
                store=store, clock=clock, backend=self._backend, gateway_port=gateway_port
            ),
            deployment.make_controller(
                store=store,
                clock=clock,
                entropy=entropy,
                recorder=recorder,
                needs_accounts=self._strict,
            ),
            pod.make_controller(
                store=store,
                clock=clock,
                recorder=recorder,
                kubelet=self._kubelet,
                secrets=self._secrets,
            ),
            routing.make_controller(store=store, clock=clock, route_sink=route_sink),
        )

    def milestones(self, replica: ReplicaKey) -> Milestones | None:
        """The moments of a living replica's start; None once it is gone."""
        found = self._kubelet.find(replica)
        return None if found is None else found.milestones

    async def start(self) -> None:
        """Take up what the store holds, and go on from there. The backend must be open."""
        if self._profile.serving_runtimes:
            inferenceservice.seed_runtimes(self._store)
        await recover(self._store, self._kubelet, self._backend, self._secrets)
        self.event_expiry.start()
        self.scaling.start()
        self.dispatcher.start()

    def take_local_settings(self) -> None:
        """Plan every service again, and look again at Pods that wait for a Secret."""
        for entry in self._store.entries(InferenceService):
            self.dispatcher.enqueue("inferenceservice", Key(entry.namespace, entry.name))
        for replica in self._kubelet.held():
            self._wake_pod(replica, 0.0)

    async def close(self) -> None:
        """Stop deciding and acting; what runs is left to the backend."""
        await self.dispatcher.close()
        await self.scaling.close()
        await self.event_expiry.close()
        await self._kubelet.close()

    def _wake_pod(self, replica: ReplicaKey, after: float) -> None:
        self.dispatcher.enqueue("pod", Key(*replica), after=after)

    def _wake_autoscaler(self, revision: RevisionKey, after: float) -> None:
        self.dispatcher.enqueue("podautoscaler", Key(*revision), after=after)
