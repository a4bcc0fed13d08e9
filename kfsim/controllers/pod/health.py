"""The health of running containers: what the prober's verdicts mean for their replica.

    prober ──initialized, ready, unready──▶ the replica's state, a reconcile
           ──unhealthy──▶ an Event
           ──dead──▶ `on_dead`, with the grace period of the probe that failed

Owns the prober. What others have to do about a verdict goes up through the injected callbacks.
"""

from collections.abc import Callable, Mapping

from kfsim.base.clock import Clock
from kfsim.base.types import ReplicaKey
from kfsim.controllers.pod.prober import Prober
from kfsim.controllers.pod.replica import Note, Replica, Stage
from kfsim.controllers.runtime.recorder import NORMAL, WARNING
from kfsim.replicas import lifecycle
from kfsim.replicas.backend import ReplicaBackend
from kfsim.replicas.serving import has_queue_proxy, readiness_probe


class Health:
    """Has containers probed and hears the verdicts (a `ProbeListener`)."""

    def __init__(
        self,
        *,
        clock: Clock,
        backend: ReplicaBackend,
        replicas: Mapping[ReplicaKey, Replica],
        wake: Callable[[ReplicaKey, float], None],
        on_serving: Callable[[Replica], None],
        on_dead: Callable[[Replica, str, float], None],
    ) -> None:
        """`on_serving` hears of every replica that got into service, `on_dead` of a container that
        must be replaced within so many seconds of grace."""
        self._replicas = replicas
        self._wake = wake
        self._on_serving = on_serving
        self._on_dead = on_dead
        self._prober = Prober(backend=backend, clock=clock, listener=self)

    def watch(self, replica: Replica, name: str, *, started: float) -> None:
        """Probe a container that runs since `started` (clock seconds)."""
        container = replica.container(name)
        if container is not None:
            probe = readiness_probe(replica.pod, container)
            fast = has_queue_proxy(replica.pod)
            self._prober.watch(replica.key, container, readiness=probe, fast=fast, started=started)

    def forget(self, replica: Replica, name: str) -> None:
        """Stop probing a container; nothing more is heard about it."""
        self._prober.forget(replica.key, name)

    def forget_all(self, replica: Replica) -> None:
        """Stop probing the replica."""
        for record in replica.state.containers:
            self._prober.forget(replica.key, record.name)

    async def close(self) -> None:
        await self._prober.close()

    def on_initialized(self, key: ReplicaKey, container: str) -> None:
        """See ProbeListener."""
        replica = self._replicas[key]
        replica.state = lifecycle.set_initialized(replica.state, container, passed=True)
        self._wake(key, 0.0)

    def on_probed(self, key: ReplicaKey, container: str, *, ready: bool) -> None:
        """See ProbeListener."""
        replica = self._replicas[key]
        replica.state = lifecycle.set_probed(replica.state, container, ready=ready)
        if replica.state.in_service:
            self._on_serving(replica)
        self._wake(key, 0.0)

    def on_unhealthy(self, key: ReplicaKey, container: str, kind: str, message: str) -> None:
        """See ProbeListener."""
        replica = self._replicas[key]
        replica.notes.append(Note(WARNING, "Unhealthy", f"{kind} probe failed: {message}"))
        self._wake(key, 0.0)

    def on_dead(self, key: ReplicaKey, container: str, kind: str) -> None:
        """See ProbeListener."""
        replica = self._replicas[key]
        if replica.stage is not Stage.LIVE:
            return
        text = f"Container {container} failed {kind.lower()} probe, will be restarted"
        replica.notes.append(Note(NORMAL, "Killing", text))
        self._on_dead(replica, container, _grace_after(replica, container, kind))
        self._wake(key, 0.0)


def _grace_after(replica: Replica, name: str, kind: str) -> float:
    """Seconds for a container whose startup or liveness probe failed; the probe's own win."""
    container = replica.container(name)
    probe = None
    if container is not None:
        probe = container.startup_probe if kind == "Startup" else container.liveness_probe
    given = None if probe is None else probe.termination_grace_period_seconds
    return replica.grace if given is None else float(given)
