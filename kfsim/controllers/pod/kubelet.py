"""The live replicas of one host, and who takes care of them.

    reconcile ──accept, provide, tend──▶ Starter ─┐
        ▲     ──terminate──────────────▶ Stopper ─┴─▶ Runner ──▶ backend
        │                                  ▲ replace_for            │
        │                                  ├─────── Health (probes) │
        └───────────── wake ───────────── Life ◀───── events ───────┘

A reconcile of a Pod calls the Kubelet; the backend's events and the verdicts of probes change a
replica's state and ask for a reconcile of its Pod, which shows the new state. Nothing here writes
to the store. Orders go down: Life knows the Stopper, the Starter and Health, the Stopper knows
Health, and no other part knows another. What happened goes up, through callbacks that the Kubelet
injects. The Kubelet also owns the book of replicas; the parts only read it.

    accept → (UNSCHEDULABLE) → (HELD) → (QUEUED) → LIVE → DRAINING → STOPPING → ENDED
                                                   └─ a failed liveness probe or postStart
                                                      hook → REPLACING → LIVE

The routes lose a replica in the tick in which `terminate` is called (its Pod is no longer ready),
the drain gate empties it, its preStop hooks run, and only then is the backend asked to stop it.
"""

import logging
from collections.abc import Callable

from kfsim.api.core import Pod
from kfsim.base.clock import Clock
from kfsim.base.errors import KfsimError
from kfsim.base.ports import DrainGate
from kfsim.base.types import ReplicaKey
from kfsim.controllers.pod.health import Health
from kfsim.controllers.pod.hooks import Hooks
from kfsim.controllers.pod.life import Life
from kfsim.controllers.pod.milestones import Milestone
from kfsim.controllers.pod.replica import Replica, Stage
from kfsim.controllers.pod.runner import Runner
from kfsim.controllers.pod.scheduler import DeviceScheduler
from kfsim.controllers.pod.starting import PodSources, Starter
from kfsim.controllers.pod.stopping import Stopper
from kfsim.replicas import lifecycle
from kfsim.replicas.backend import (
    ReplicaBackend,
    ReplicaEvent,
    ReplicaEventKind,
    RunningReplica,
)
from kfsim.replicas.devices import Holder

_logger = logging.getLogger(__name__)
_MILESTONES = {
    ReplicaEventKind.INIT_STARTED: Milestone.FETCHING,
    ReplicaEventKind.INIT_EXITED: Milestone.FETCHED,
    ReplicaEventKind.STARTED: Milestone.STARTED,
}


class Kubelet:
    """Runs the replicas of one host."""

    def __init__(
        self,
        *,
        clock: Clock,
        backend: ReplicaBackend,
        drain_gate: DrainGate,
        wake: Callable[[ReplicaKey, float], None],
        start_limit: int,
        devices: DeviceScheduler | None = None,
    ) -> None:
        """`wake(key, after)` asks for a reconcile of that Pod."""
        self._clock = clock
        self._replicas: dict[ReplicaKey, Replica] = {}
        self._devices = devices or DeviceScheduler()
        self._devices.on_change = self._on_devices_changed
        self._runner = Runner(backend=backend, on_event=self._on_event)
        self._hooks = Hooks(backend=backend)
        self._starter = Starter(
            clock=clock,
            backend=backend,
            runner=self._runner,
            devices=self._devices,
            start_limit=start_limit,
            replicas=self._replicas,
            wake=wake,
        )
        self._health = Health(
            clock=clock,
            backend=backend,
            replicas=self._replicas,
            wake=wake,
            on_serving=self._on_serving,
            on_dead=self._on_dead,
        )
        self._stopper = Stopper(
            clock=clock,
            runner=self._runner,
            hooks=self._hooks,
            health=self._health,
            drain_gate=drain_gate,
            devices=self._devices,
            wake=wake,
        )
        self._life = Life(
            clock=clock,
            backend=backend,
            runner=self._runner,
            hooks=self._hooks,
            health=self._health,
            starter=self._starter,
            stopper=self._stopper,
            wake=wake,
        )
        backend.subscribe(self._on_event)

    def find(self, key: ReplicaKey) -> Replica | None:
        return self._replicas.get(key)

    def held_in(self, namespace: str) -> tuple[ReplicaKey, ...]:
        """Replicas that wait for a ConfigMap or Secret of the namespace."""
        return self._starter.held_in(namespace)

    def held(self) -> tuple[ReplicaKey, ...]:
        """Replicas that wait for a ConfigMap or Secret, of all namespaces."""
        return self._starter.held()

    def accept(self, pod: Pod, sources: PodSources, *, wake_up: bool) -> Replica:
        """Take a Pod on and start it as soon as GPUs, its references and a place allow."""
        key = ReplicaKey(pod.metadata.namespace, pod.metadata.name)
        state = lifecycle.begin_replica(pod, wall=self._clock.wall())
        replica = Replica(key, pod.metadata.uid, pod, state, Stage.UNSCHEDULABLE)
        replica.milestones.reach(Milestone.ACCEPTED, self._clock.now())
        self._replicas[key] = replica
        self._starter.accept(replica, sources, wake_up=wake_up)
        return replica

    def claim(self, running: RunningReplica) -> None:
        """Enter the devices of a replica that runs already; before anything is accepted."""
        self._devices.claim(Holder(*running.key, running.uid), running.devices)

    def adopt(self, pod: Pod, sources: PodSources) -> bool:
        """Take over a replica that runs already; its probes begin anew.

        False where it cannot be: what it refers to is gone, or the replica is by now.
        """
        key = ReplicaKey(pod.metadata.namespace, pod.metadata.name)
        state = lifecycle.adopt_replica(pod, wall=self._clock.wall(), now=self._clock.now())
        replica = Replica(key, pod.metadata.uid, pod, state, Stage.LIVE, present=True)
        self._replicas[key] = replica
        self._devices.occupy(replica.holder, pod)
        try:
            self._starter.adopt(replica, sources)
        except KfsimError as error:  # the Pod is removed, and its Deployment makes another
            _logger.info("replica %s is not adopted: %s", key, error.message)
            del self._replicas[key]
            return False
        self._life.resume(replica)
        return True

    def provide(self, replica: Replica, sources: PodSources, *, wake_up: bool) -> None:
        """Resolve what a held replica needs, then start it or put it into the queue."""
        self._starter.provide(replica, sources, wake_up=wake_up)

    def tend(self, replica: Replica) -> None:
        """Do what has become due: starts whose turn it is, restarts after their back-off."""
        self._starter.tend(replica)
        self._life.tend(replica)

    def terminate(self, replica: Replica) -> None:
        """End the replica: out of service now, drained, then stopped. A second call is ignored."""
        if not replica.ending:
            self._starter.withdraw(replica)
            self._stopper.terminate(replica)

    def forget(self, replica: Replica) -> None:
        """Drop an ended replica from the books."""
        self._replicas.pop(replica.key, None)

    def stop_unknown(self, running: RunningReplica) -> None:
        """Stop a running replica that no Pod records; its devices are free after that."""
        self._stopper.stop_unknown(running)

    async def close(self) -> None:
        """End all tasks; the backend's own `close` decides about the replicas."""
        await self._health.close()
        await self._hooks.close()
        await self._runner.close()
        await self._devices.close()

    # What happened, for the part whose business it is

    def _on_event(self, event: ReplicaEvent) -> None:
        replica = self._replicas.get(event.key)
        if replica is not None and replica.uid == event.uid:
            reached = _MILESTONES.get(event.kind)
            if reached is not None:
                replica.milestones.reach(reached, self._clock.now())
            self._life.on_event(replica, event)

    def _on_serving(self, replica: Replica) -> None:
        replica.milestones.reach(Milestone.SERVING, self._clock.now())
        self._starter.release(replica)

    def _on_dead(self, replica: Replica, container: str, grace: float) -> None:
        self._stopper.replace_for(replica, container, grace)

    def _on_devices_changed(self, holder: Holder) -> None:
        replica = self._replicas.get(ReplicaKey(holder.namespace, holder.name))
        if replica is not None and replica.uid == holder.uid:
            self._starter.reconsider(replica)
