"""The replica backend of virtual time, with an engine that fails and replicas that misbehave."""

import asyncio
from collections.abc import Sequence
from enum import StrEnum

from kfsim.api.core import Probe
from kfsim.base.clock import Clock
from kfsim.base.entropy import Entropy
from kfsim.base.errors import NotFound, Unavailable
from kfsim.base.types import ReplicaKey
from kfsim.replicas.backend import (
    BackendCapabilities,
    ProbeResult,
    ReplicaSpec,
    RunningReplica,
)
from kfsim.simulation.backend import SimulatedBackend
from kfsim.simulation.scripts import ReplicaScript


class Ailment(StrEnum):
    """What is wrong with a replica that runs."""

    HANGS = "hangs"
    """Its probes are answered by nothing until their timeout."""
    REFUSES = "refuses"
    """Its probes fail at once."""


class FaultyBackend(SimulatedBackend):
    """Its replicas outlive the daemon, as containers do."""

    def __init__(self, *, clock: Clock, entropy: Entropy, default: ReplicaScript) -> None:
        super().__init__(clock=clock, entropy=entropy, default=default)
        self._ailments: dict[ReplicaKey, Ailment] = {}
        self.available = True
        """False: the engine does not answer, whatever is asked."""

    def make_default(self, script: ReplicaScript) -> None:
        """Replicas that start from now on follow this script."""
        self._default = script

    def afflict(self, key: ReplicaKey, ailment: Ailment) -> None:
        """Make a replica ill until its container is restarted or all are cured."""
        self._ailments[key] = ailment

    def cure_all(self) -> None:
        """What runs is well, and what cannot be started or pulled will be at its next attempt."""
        self._ailments.clear()
        for replica in self._replicas.values():
            replica.script = self._default

    async def orphan(self, lost: Sequence[ReplicaKey]) -> None:
        """The daemon is gone: nobody listens any more, stops that were under way complete, and
        `lost` end unseen."""
        self._listeners.clear()
        for key, replica in tuple(self._replicas.items()):
            if replica.stopping or key in lost:
                await replica.tasks.close()
                del self._replicas[key]
                self._forget(key)
                replica.gone.set()

    # The port

    @property
    def capabilities(self) -> BackendCapabilities:
        return BackendCapabilities(name="simulated", adopts=True)

    async def start(self, spec: ReplicaSpec) -> None:
        self._require(f"start {spec.key}")
        await super().start(spec)

    async def restart_container(self, key: ReplicaKey, container: str) -> None:
        self._require(f"restart {container} of {key}")
        await super().restart_container(key, container)
        self._ailments.pop(key, None)

    async def stop(self, key: ReplicaKey, *, grace_seconds: float) -> None:
        self._require(f"stop {key}")
        await super().stop(key, grace_seconds=grace_seconds)
        self._forget(key)

    async def probe(self, key: ReplicaKey, container: str, probe: Probe) -> ProbeResult:
        self._require(f"probe {key}")
        ailment = self._ailments.get(key)
        if ailment is Ailment.REFUSES:
            return ProbeResult(success=False, message="connection refused")
        if ailment is Ailment.HANGS:
            await asyncio.sleep(probe.timeout_seconds or 1)
            return ProbeResult(success=False, message="no answer in time")
        return await super().probe(key, container, probe)

    async def find_running(self) -> Sequence[RunningReplica]:
        return tuple(
            RunningReplica(key, each.spec.uid, each.spec.devices)
            for key, each in self._replicas.items()
        )

    def specs(self) -> Sequence[ReplicaSpec]:
        """What runs or is stopping."""
        return tuple(each.spec for each in self._replicas.values())

    def adopt(self, spec: ReplicaSpec) -> None:
        replica = self._replicas.get(spec.key)
        if replica is None or replica.spec.uid != spec.uid:
            raise NotFound(f"replica {spec.key} is not running")
        replica.spec = spec
        for container in replica.containers.values():
            if container.starts and not container.running:
                self._end(replica, container)

    def _forget(self, key: ReplicaKey) -> None:
        self._ailments.pop(key, None)
        for known in tuple(self._logs):
            if known[0] == key:
                del self._logs[known]

    def _require(self, what: str) -> None:
        if not self.available:
            raise Unavailable(f"cannot {what}: the engine does not answer")
