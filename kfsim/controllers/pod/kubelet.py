"""The live replicas: started, watched, restarted, drained and stopped.

A reconcile of a Pod calls `accept`, `tend` or `terminate`; the backend's events and the prober's
verdicts change a replica's state and ask for a reconcile of its Pod, which shows the new state.
Nothing here writes to the store.

    accept → (UNSCHEDULABLE) → (HELD) → (QUEUED) → LIVE → DRAINING → STOPPING → ENDED
                                                   └─ a failed liveness probe or postStart
                                                      hook → REPLACING → LIVE

The routes lose a replica in the tick in which `terminate` is called (its Pod is no longer ready),
the drain gate empties it, its preStop hooks run, and only then is the backend asked to stop it.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from kfsim.api.core import Container, Pod
from kfsim.base.clock import Clock
from kfsim.base.errors import Invalid, KfsimError
from kfsim.base.ports import DrainGate
from kfsim.base.types import ReplicaKey
from kfsim.controllers.pod.environment import Sources
from kfsim.controllers.pod.files import MissingVolume
from kfsim.controllers.pod.hooks import Hook, Hooks, find_post_start, find_pre_stop
from kfsim.controllers.pod.prober import Prober
from kfsim.controllers.pod.pull_secrets import PullSources, resolve_pull_secrets
from kfsim.controllers.pod.replica import (
    Note,
    PendingStart,
    Replica,
    Stage,
    all_ended,
    make_replica_spec,
)
from kfsim.controllers.pod.restarts import Restarts
from kfsim.controllers.pod.runner import Runner
from kfsim.controllers.pod.scheduler import DeviceScheduler
from kfsim.controllers.runtime.recorder import NORMAL, WARNING
from kfsim.replicas import lifecycle
from kfsim.replicas.backend import (
    ReplicaBackend,
    ReplicaEvent,
    ReplicaEventKind,
    ReplicaSpec,
    RunningReplica,
)
from kfsim.replicas.devices import Holder
from kfsim.replicas.failures import CONFIG_ERROR, describe_failure, resolve_retry
from kfsim.replicas.marks import NODE_NAME
from kfsim.replicas.serving import has_queue_proxy, readiness_probe
from kfsim.replicas.starts import HELD_AT_MOST, StartLimiter
from kfsim.replicas.status import resolve_phase

_logger = logging.getLogger(__name__)
# kubelet's least time between SIGTERM and SIGKILL (pkg/kubelet/kuberuntime minimumGracePeriod).
_LEAST_GRACE = 2.0


class KubeletSources(Sources, PullSources, Protocol):
    """Where everything that a Pod refers to is found."""


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
        self._backend = backend
        self._gate = drain_gate
        self._wake = wake
        self._starts = StartLimiter(limit=start_limit)
        self._devices = devices or DeviceScheduler()
        self._devices.on_change = self._on_devices_changed
        self._runner = Runner(backend=backend, on_event=self._on_event)
        self._restarts = Restarts(clock=clock, wake=wake, restart=self._restart)
        self._hooks = Hooks(backend=backend)
        self._prober = Prober(backend=backend, clock=clock, listener=self)
        self._replicas: dict[ReplicaKey, Replica] = {}
        self._held: dict[str, dict[ReplicaKey, None]] = {}
        backend.subscribe(self._on_event)

    def find(self, key: ReplicaKey) -> Replica | None:
        return self._replicas.get(key)

    def held_in(self, namespace: str) -> tuple[ReplicaKey, ...]:
        """Replicas that wait for a ConfigMap or Secret of the namespace."""
        return tuple(self._held.get(namespace, ()))

    # What reconciles ask for

    def accept(self, pod: Pod, sources: KubeletSources, *, wake_up: bool) -> Replica:
        """Take a Pod on and start it as soon as GPUs, its references and a place allow."""
        key = ReplicaKey(pod.metadata.namespace, pod.metadata.name)
        state = lifecycle.begin_replica(pod, wall=self._clock.wall())
        replica = Replica(key, pod.metadata.uid, pod, state, Stage.UNSCHEDULABLE)
        self._replicas[key] = replica
        if self._devices.fit(pod) is not pod:
            text = "Limits of nvidia.com/gpu are dropped, as gpu: ignore in kfsim.yaml asks"
            replica.notes.append(Note(NORMAL, "GpuIgnored", text))
        self._place(replica)
        self.provide(replica, sources, wake_up=wake_up)
        return replica

    def claim(self, running: RunningReplica) -> None:
        """Enter the devices of a replica that runs already; before anything is accepted."""
        self._devices.claim(Holder(*running.key, running.uid), running.devices)

    def adopt(self, pod: Pod, sources: KubeletSources) -> bool:
        """Take over a replica that runs already; its probes begin anew.

        False where it cannot be: what it refers to is gone, or the replica is by now.
        """
        key = ReplicaKey(pod.metadata.namespace, pod.metadata.name)
        state = lifecycle.adopt_replica(pod, wall=self._clock.wall(), now=self._clock.now())
        replica = Replica(key, pod.metadata.uid, pod, state, Stage.LIVE, present=True)
        self._replicas[key] = replica
        try:
            replica.spec = self._resolve(replica, sources)
            self._backend.adopt(replica.spec)
        except KfsimError as error:  # the Pod is removed, and its Deployment makes another
            _logger.info("replica %s is not adopted: %s", key, error.message)
            del self._replicas[key]
            return False
        self._locate(replica)
        for container in replica.running_containers():
            self._watch(replica, container.name, started=self._clock.now())
        return True

    def provide(self, replica: Replica, sources: KubeletSources, *, wake_up: bool) -> None:
        """Resolve what a held replica needs, then start it or put it into the queue."""
        if replica.stage is not Stage.HELD:
            self._refresh_logins(replica, sources)
            return
        try:
            replica.spec = self._resolve(replica, sources)
        except Invalid as error:
            self._hold(replica, error)
            return
        self._held.get(replica.key.namespace, {}).pop(replica.key, None)
        replica.state = lifecycle.begin_replica(replica.pod, wall=replica.state.accepted)
        if self._starts.offer(replica.key, self._clock.now(), wake_up=wake_up):
            self._runner.start(replica)
        else:
            replica.stage = Stage.QUEUED
            replica.state = lifecycle.refuse(
                replica.state,
                replica.state.serving,
                lifecycle.CONTAINER_CREATING,
                f"{self._starts.held} other replicas are starting; this one is in the queue",
            )
            self._wake(replica.key, HELD_AT_MOST)

    def tend(self, replica: Replica) -> None:
        """Do what has become due: starts whose turn it is, restarts after their back-off."""
        now = self._clock.now()
        if replica.stage is Stage.QUEUED:
            self._grant(self._starts.expire(now))
            self._wake(replica.key, HELD_AT_MOST)
        self._restarts.tend(replica)

    def terminate(self, replica: Replica, *, grace: float | None = None) -> None:
        """End the replica: out of service now, drained, then stopped. A second call is ignored."""
        if replica.ending:
            return
        self._restarts.forget(replica)
        self._hooks.forget_all(replica.key)
        self._forget_probes(replica)
        self._held.get(replica.key.namespace, {}).pop(replica.key, None)
        self._release(replica)
        replica.state = replace(replica.state, terminating=True)
        if not replica.present:
            self._end(replica)
            return
        for container in replica.running_containers():
            text = f"Stopping container {container.name}"
            replica.notes.append(Note(NORMAL, "Killing", text))
        seconds = replica.grace if grace is None else grace
        replica.stage = Stage.DRAINING
        replica.drain_began = self._clock.now()
        self._gate.begin(
            replica.key, grace=seconds, done=lambda: self._on_drained(replica, seconds)
        )

    def forget(self, replica: Replica) -> None:
        """Drop an ended replica from the books."""
        self._replicas.pop(replica.key, None)

    def stop_unknown(self, running: RunningReplica) -> None:
        """Stop a running replica that no Pod records; its devices are free after that."""
        holder = Holder(*running.key, running.uid)
        self._runner.stop_unknown(
            running.key, _LEAST_GRACE, done=lambda: self._devices.release(holder)
        )

    async def close(self) -> None:
        """End all tasks; the backend's own `close` decides about the replicas."""
        await self._prober.close()
        await self._hooks.close()
        await self._runner.close()
        await self._devices.close()

    # Scheduling

    def _place(self, replica: Replica) -> None:
        """Find devices for a Pod that has none yet; a Pod that asks for none passes."""
        why = self._devices.place(replica.holder, replica.pod)
        if why is None:
            replica.stage = Stage.HELD
            replica.state = replace(replica.state, unschedulable=None)
            given = self._devices.held(replica.holder).values()
            if given:
                ids = ", ".join(dict.fromkeys(each for some in given for each in some))
                text = f"Successfully assigned {replica.key} to {NODE_NAME} with {ids}"
                replica.notes.append(Note(NORMAL, "Scheduled", text))
        elif why != replica.state.unschedulable:
            replica.state = replace(replica.state, unschedulable=why)
            if why:
                replica.notes.append(Note(WARNING, "FailedScheduling", why))

    def _on_devices_changed(self, holder: Holder) -> None:
        replica = self._replicas.get(ReplicaKey(holder.namespace, holder.name))
        if replica is None or replica.uid != holder.uid or replica.stage is not Stage.UNSCHEDULABLE:
            return
        before = replica.state
        self._place(replica)
        if replica.state is not before:
            self._wake(replica.key, 0.0)  # its reconcile has the sources that a start needs

    def _end(self, replica: Replica) -> None:
        """Nothing is left of it: others may have its devices."""
        replica.stage = Stage.ENDED
        self._devices.release(replica.holder)

    # Starting

    def _refresh_logins(self, replica: Replica, sources: KubeletSources) -> None:
        """A pull that failed is tried again with what the Pod's secrets hold by then."""
        spec = replica.spec
        if spec is None or not self._restarts.pulls(replica):
            return
        if self._backend.capabilities.uses_images:
            logins = resolve_pull_secrets(replica.pod, sources).logins
            replica.outdated = replica.outdated or logins != spec.registries
            replica.spec = replace(spec, registries=logins)

    def _resolve(self, replica: Replica, sources: KubeletSources) -> ReplicaSpec:
        """What to start. Raises Invalid for what is missing; a pull secret may be."""
        spec = replace(
            make_replica_spec(self._devices.fit(replica.pod), sources),
            devices=self._devices.held(replica.holder),
        )
        if not self._backend.capabilities.uses_images:
            return spec
        secrets = resolve_pull_secrets(replica.pod, sources)
        if secrets.problem:
            reason = "FailedToRetrieveImagePullSecret"
            replica.notes.append(Note(WARNING, reason, secrets.problem))
        return replace(spec, registries=secrets.logins)

    def _hold(self, replica: Replica, error: Invalid) -> None:
        self._held.setdefault(replica.key.namespace, {})[replica.key] = None
        reason, event, text = CONFIG_ERROR, "Failed", f"Error: {error.message}"
        if isinstance(error, MissingVolume):
            reason, event, text = lifecycle.CONTAINER_CREATING, "FailedMount", error.message
        held = lifecycle.refuse(replica.state, replica.state.serving, reason, error.message)
        if held != replica.state:
            replica.state = held
            replica.notes.append(Note(WARNING, event, text))

    def _grant(self, keys: Iterable[ReplicaKey]) -> None:
        for key in keys:
            replica = self._replicas.get(key)
            if replica is not None and replica.stage is Stage.QUEUED:
                replica.state = lifecycle.begin_replica(replica.pod, wall=replica.state.accepted)
                self._runner.start(replica)
                self._wake(key, 0.0)

    def _release(self, replica: Replica) -> None:
        self._grant(self._starts.release(replica.key, self._clock.now()))

    # Events of the backend

    def _on_event(self, event: ReplicaEvent) -> None:
        replica = self._replicas.get(event.key)
        if replica is None or replica.uid != event.uid:
            return
        match event.kind:
            case ReplicaEventKind.GONE:
                self._on_gone(replica, event)
            case ReplicaEventKind.NOTED:
                kind = WARNING if event.warning else NORMAL
                replica.notes.append(Note(kind, event.reason, event.message))
            case ReplicaEventKind.FAILED:
                self._on_failed(replica, event)
            case ReplicaEventKind.INIT_STARTED | ReplicaEventKind.STARTED:
                self._on_started(replica, event)
            case ReplicaEventKind.INIT_EXITED | ReplicaEventKind.EXITED:
                self._on_exited(replica, event)
        self._wake(replica.key, 0.0)

    def _on_started(self, replica: Replica, event: ReplicaEvent) -> None:
        name = event.container
        self._restarts.started(replica, name)
        replica.notes.append(Note(NORMAL, "Created", f"Created container: {name}"))
        replica.notes.append(Note(NORMAL, "Started", f"Started container {name}"))
        container = replica.container(name)
        if event.kind is ReplicaEventKind.STARTED and not replica.ending and container is not None:
            self._locate(replica)
            start = PendingStart(event, wall=self._clock.wall(), now=self._clock.now())
            self._begin_life(replica, container, start)
        else:
            self._observe(replica, event)

    def _begin_life(self, replica: Replica, container: Container, start: PendingStart) -> None:
        """The container shows as running, and is probed, once its postStart hook is over."""
        name, handler = container.name, find_post_start(container)
        replica.pending[name] = start
        if handler is None:
            self._on_post_start(replica, name, "")
            return
        hook = Hook(replica.key, name, handler, replica.where)
        self._hooks.post_start(hook, lambda problem: self._on_post_start(replica, name, problem))

    def _settle(self, replica: Replica, name: str) -> None:
        """Show that a container has started."""
        start = replica.pending.pop(name, None)
        if start is not None:
            replica.state = lifecycle.observe(
                replica.state, start.event, wall=start.wall, now=start.now
            )

    def _on_post_start(self, replica: Replica, name: str, problem: str) -> None:
        started = replica.pending[name].now
        self._settle(replica, name)
        if not problem:
            self._watch(replica, name, started=started)
        elif replica.stage is Stage.LIVE:
            replica.notes.append(Note(WARNING, "FailedPostStartHook", "PostStartHook failed"))
            replica.notes.append(Note(NORMAL, "Killing", "FailedPostStartHook"))
            replica.verdict = (lifecycle.POST_START_ERROR, problem)
            self._replace(replica, name, replica.grace)
        self._wake(replica.key, 0.0)

    def _on_exited(self, replica: Replica, event: ReplicaEvent) -> None:
        self._prober.forget(replica.key, event.container)
        self._hooks.forget(replica.key, event.container)
        self._settle(replica, event.container)
        self._observe(replica, event)
        if replica.ending or replica.stage is Stage.REPLACING:
            return
        if event.kind is ReplicaEventKind.EXITED or event.exit_code:
            self._release(replica)
        if self._is_restarted(replica, event):
            self._restarts.after_exit(replica, event.container)
        elif resolve_phase(replica.state, restart_policy=replica.restart_policy) in (
            "Succeeded",
            "Failed",
        ):
            replica.stage = Stage.STOPPING
            self._runner.stop(replica, replica.grace)

    @staticmethod
    def _is_restarted(replica: Replica, event: ReplicaEvent) -> bool:
        if event.kind is ReplicaEventKind.INIT_EXITED:
            return event.exit_code != 0 and replica.restart_policy != "Never"
        policy = replica.restart_policy
        return policy == "Always" or (policy == "OnFailure" and event.exit_code != 0)

    def _on_failed(self, replica: Replica, event: ReplicaEvent) -> None:
        if replica.state.find(event.container) is None:
            event = replace(event, container=replica.state.serving)
        self._prober.forget(replica.key, event.container)
        self._observe(replica, event)
        record = replica.state.find(event.container)
        image = "" if record is None else record.image
        replica.notes.extend(
            Note(WARNING, reason, text)
            for reason, text in describe_failure(event.reason, event.message, image=image)
        )
        self._release(replica)
        if not replica.ending and record is not None:
            self._restarts.after_failure(replica, record, resolve_retry(event.reason))

    def _on_gone(self, replica: Replica, event: ReplicaEvent) -> None:
        self._forget_probes(replica)
        self._hooks.forget_all(replica.key)
        self._release(replica)
        replica.present = False
        for name in tuple(replica.pending):
            self._settle(replica, name)
        replica.state = all_ended(replica.state, wall=self._clock.wall())
        if replica.ending:
            self._end(replica)
        elif replica.stage is Stage.REPLACING:
            replica.stage = Stage.LIVE
            if replica.verdict is not None:
                replica.state = lifecycle.explain_end(
                    replica.state, replica.blamed, *replica.verdict
                )
                replica.verdict = None
            self._restarts.after_exit(replica, replica.blamed)
        else:
            self._end(replica)
            text = event.message or "The replica disappeared without being asked to stop"
            replica.state = lifecycle.fail_replica(replica.state, "ReplicaLost", text)
            replica.notes.append(Note(WARNING, "ReplicaLost", text))

    def _observe(self, replica: Replica, event: ReplicaEvent) -> None:
        replica.state = lifecycle.observe(
            replica.state, event, wall=self._clock.wall(), now=self._clock.now()
        )

    # Restarting

    def _restart(self, replica: Replica, container: str) -> None:
        if replica.ending:
            return
        replica.state = lifecycle.restarting(replica.state, container, now=self._clock.now())
        if replica.present and replica.outdated:
            self._replace(replica, container, replica.grace)
        elif replica.present:
            self._runner.restart(replica, container)
        else:
            self._runner.start(replica)

    # Verdicts of the prober

    def _watch(self, replica: Replica, name: str, *, started: float) -> None:
        container = replica.container(name)
        if container is not None:
            probe = readiness_probe(replica.pod, container)
            fast = has_queue_proxy(replica.pod)
            self._prober.watch(replica.key, container, readiness=probe, fast=fast, started=started)

    def on_initialized(self, key: ReplicaKey, container: str) -> None:
        replica = self._replicas[key]
        replica.state = lifecycle.set_initialized(replica.state, container, passed=True)
        self._wake(key, 0.0)

    def on_probed(self, key: ReplicaKey, container: str, *, ready: bool) -> None:
        replica = self._replicas[key]
        replica.state = lifecycle.set_probed(replica.state, container, ready=ready)
        if replica.state.in_service:
            self._release(replica)
        self._wake(key, 0.0)

    def on_unhealthy(self, key: ReplicaKey, container: str, kind: str, message: str) -> None:
        replica = self._replicas[key]
        replica.notes.append(Note(WARNING, "Unhealthy", f"{kind} probe failed: {message}"))
        self._wake(key, 0.0)

    def on_dead(self, key: ReplicaKey, container: str, kind: str) -> None:
        replica = self._replicas[key]
        if replica.stage is not Stage.LIVE:
            return
        text = f"Container {container} failed {kind.lower()} probe, will be restarted"
        replica.notes.append(Note(NORMAL, "Killing", text))
        self._replace(replica, container, _grace_after(replica, container, kind))
        self._wake(key, 0.0)

    def _forget_probes(self, replica: Replica) -> None:
        for record in replica.state.containers:
            self._prober.forget(replica.key, record.name)

    # Stopping

    def _replace(self, replica: Replica, container: str, grace: float) -> None:
        """Stop the replica on behalf of one container; it is started again once it is gone."""
        replica.stage = Stage.REPLACING
        replica.outdated = False
        replica.blamed = container
        self._forget_probes(replica)
        self._stop(replica, grace)

    def _on_drained(self, replica: Replica, grace: float) -> None:
        if replica.stage is not Stage.DRAINING:
            return
        replica.stage = Stage.STOPPING
        self._stop(replica, grace - (self._clock.now() - replica.drain_began))

    def _stop(self, replica: Replica, grace: float) -> None:
        """Run the preStop hooks within the grace period, then stop with what is left of it."""
        hooks = [
            Hook(replica.key, container.name, handler, replica.where)
            for container in replica.running_containers()
            if (handler := find_pre_stop(container)) is not None
        ]
        if not hooks or grace <= 0:
            self._runner.stop(replica, max(_LEAST_GRACE, grace))
            return
        stage, began = replica.stage, self._clock.now()

        def stop(failed: Sequence[str]) -> None:
            for _ in failed:
                replica.notes.append(Note(WARNING, "FailedPreStopHook", "PreStopHook failed"))
            if replica.stage is stage:  # else another stop is under way
                left = grace - (self._clock.now() - began)
                self._runner.stop(replica, max(_LEAST_GRACE, left))
            self._wake(replica.key, 0.0)

        self._hooks.pre_stop(hooks, limit=grace, done=stop)

    def _locate(self, replica: Replica) -> None:
        if replica.spec is not None and replica.address is None:
            try:
                address = self._backend.address(replica.key, replica.spec.serving_port)
            except KfsimError:  # known later; the Pod shows no IP until then
                return
            replica.address = address.host


def _grace_after(replica: Replica, name: str, kind: str) -> float:
    """Seconds for a container whose startup or liveness probe failed; the probe's own win."""
    container = replica.container(name)
    probe = None
    if container is not None:
        probe = container.startup_probe if kind == "Startup" else container.liveness_probe
    given = None if probe is None else probe.termination_grace_period_seconds
    return replica.grace if given is None else float(given)
