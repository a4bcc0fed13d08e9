"""How a replica is taken down: drained, its preStop hooks run, then stopped.

    terminate ───▶ DRAINING ──empty──▶ STOPPING ─┐
    replace_for ─▶ REPLACING ────────────────────┴─ preStop hooks ─▶ the backend's stop
    finish ──────▶ STOPPING ───────────────────────────────────────▶ the backend's stop
    end ─────────▶ ENDED, its devices are free

The grace period is one budget in seconds: the drain and the hooks use it up, and the backend gets
what is left of it, two seconds at least. A replacement is not drained: it follows a failed
container. The drain gate says when a replica is empty. That a stopped replica is gone is told by
the backend, and then either `end` is called or the replica is started again.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from kfsim.base.clock import Clock
from kfsim.base.ports import DrainGate
from kfsim.base.types import ReplicaKey
from kfsim.controllers.pod.health import Health
from kfsim.controllers.pod.hooks import Hook, Hooks, find_pre_stop
from kfsim.controllers.pod.replica import Note, Replica, Stage
from kfsim.controllers.pod.restarts import Restarts
from kfsim.controllers.pod.runner import Runner
from kfsim.controllers.pod.scheduler import DeviceScheduler
from kfsim.controllers.runtime.recorder import NORMAL, WARNING
from kfsim.replicas.backend import RunningReplica
from kfsim.replicas.devices import Holder

# kubelet's least time between SIGTERM and SIGKILL (pkg/kubelet/kuberuntime minimumGracePeriod).
_LEAST_GRACE = 2.0


class Stopper:
    """Takes replicas down."""

    def __init__(
        self,
        *,
        clock: Clock,
        runner: Runner,
        hooks: Hooks,
        health: Health,
        drain_gate: DrainGate,
        devices: DeviceScheduler,
        wake: Callable[[ReplicaKey, float], None],
    ) -> None:
        """`wake(key, after)` asks for a reconcile of that Pod."""
        self._clock = clock
        self._runner = runner
        self._hooks = hooks
        self._health = health
        self._gate = drain_gate
        self._devices = devices
        self._wake = wake

    def terminate(self, replica: Replica) -> None:
        """Out of service now, drained, then stopped, all within the Pod's grace period."""
        Restarts.forget(replica)
        self._hooks.forget_all(replica.key)
        self._health.forget_all(replica)
        replica.state = replace(replica.state, terminating=True)
        if not replica.present:
            self.end(replica)
            return
        for container in replica.running_containers():
            text = f"Stopping container {container.name}"
            replica.notes.append(Note(NORMAL, "Killing", text))
        grace = replica.grace
        replica.stage = Stage.DRAINING
        replica.drain_began = self._clock.now()
        self._gate.begin(replica.key, grace=grace, done=lambda: self._on_drained(replica, grace))

    def replace_for(self, replica: Replica, container: str, grace: float) -> None:
        """Stop the replica on behalf of one container; it is started again once it is gone."""
        replica.stage = Stage.REPLACING
        replica.outdated = False
        replica.blamed = container
        self._health.forget_all(replica)
        self._stop(replica, grace)

    def finish(self, replica: Replica) -> None:
        """Stop a replica whose containers have all ended, for good."""
        replica.stage = Stage.STOPPING
        self._runner.stop(replica, replica.grace)

    def end(self, replica: Replica) -> None:
        """Nothing is left of it: others may have its devices."""
        replica.stage = Stage.ENDED
        self._devices.release(replica.holder)

    def stop_unknown(self, running: RunningReplica) -> None:
        """Stop a running replica that no Pod records; its devices are free after that."""
        holder = Holder(*running.key, running.uid)
        self._runner.stop_unknown(
            running.key, _LEAST_GRACE, done=lambda: self._devices.release(holder)
        )

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
