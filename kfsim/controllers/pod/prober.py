"""Runs the probes of running containers and tells the verdicts.

Per container, in kubelet's order: the startup probe to its end, then readiness and liveness side by
side. Counting is `replicas.probes`; the attempt itself is the backend's.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from kfsim.api.core import Container, Probe
from kfsim.base.clock import Clock
from kfsim.base.errors import KfsimError, Unavailable
from kfsim.base.tasks import TaskSet
from kfsim.base.types import ReplicaKey
from kfsim.replicas.backend import ProbeResult, ReplicaBackend
from kfsim.replicas.probes import ProbeStep, begin_probe, resolve_timing, skip_probe, step_probe


class ProbeListener(Protocol):
    """Who hears the verdicts."""

    def on_initialized(self, key: ReplicaKey, container: str) -> None:
        """The startup probe passed, or there is none."""
        ...

    def on_probed(self, key: ReplicaKey, container: str, *, ready: bool) -> None:
        """Readiness turned."""
        ...

    def on_unhealthy(self, key: ReplicaKey, container: str, kind: str, message: str) -> None:
        """One counted failure of the `kind` (Startup, Readiness, Liveness) probe."""
        ...

    def on_dead(self, key: ReplicaKey, container: str, kind: str) -> None:
        """The startup or liveness probe failed for good: the container must be restarted."""
        ...


@dataclass(frozen=True, slots=True)
class _Target:
    key: ReplicaKey
    container: str
    started: float


class Prober:
    """All probes of all replicas; one task per probe."""

    def __init__(self, *, backend: ReplicaBackend, clock: Clock, listener: ProbeListener) -> None:
        self._backend = backend
        self._clock = clock
        self._listener = listener
        self._tasks = TaskSet("prober")
        self._running: dict[tuple[ReplicaKey, str], list[asyncio.Task[None]]] = {}

    def watch(
        self,
        key: ReplicaKey,
        container: Container,
        *,
        readiness: Probe | None,
        fast: bool,
        started: float,
    ) -> None:
        """Begin with a container that runs since `started` (clock seconds), from which initial
        delays count; `fast` polls in milliseconds until the startup and readiness probes pass for
        the first time."""
        target = _Target(key, container.name, started)
        self.forget(key, container.name)
        if container.startup_probe is None:
            self._started(target, container, readiness, fast=fast)
        else:
            self._spawn(target, self._start_up(target, container, readiness, fast=fast))

    def forget(self, key: ReplicaKey, container: str) -> None:
        """Stop probing a container; nothing more is told about it."""
        for task in self._running.pop((key, container), ()):
            task.cancel()

    async def close(self) -> None:
        self._running.clear()
        await self._tasks.close()

    def _spawn(self, target: _Target, coroutine: Coroutine[Any, Any, None]) -> None:
        task = self._tasks.spawn(coroutine, name=f"{target.key}/{target.container}")
        self._running.setdefault((target.key, target.container), []).append(task)

    def _started(
        self, target: _Target, container: Container, readiness: Probe | None, *, fast: bool
    ) -> None:
        self._listener.on_initialized(target.key, target.container)
        if readiness is None:
            self._listener.on_probed(target.key, target.container, ready=True)
        else:
            self._spawn(target, self._keep_ready(target, readiness, fast=fast))
        if container.liveness_probe is not None:
            self._spawn(target, self._keep_alive(target, container.liveness_probe))

    async def _start_up(
        self, target: _Target, container: Container, readiness: Probe | None, *, fast: bool
    ) -> None:
        probe = container.startup_probe
        assert probe is not None  # `watch` asked

        def on_step(step: ProbeStep) -> bool:
            if step.turned is True:
                self._started(target, container, readiness, fast=fast)
            elif step.turned is False:
                self._listener.on_dead(target.key, target.container, "Startup")
            return step.turned is not None

        await self._attempts(target, "Startup", probe, fast=fast, on_step=on_step)

    async def _keep_ready(self, target: _Target, probe: Probe, *, fast: bool) -> None:
        def on_step(step: ProbeStep) -> bool:
            if step.turned is not None:
                self._listener.on_probed(target.key, target.container, ready=step.turned)
            return False

        await self._attempts(target, "Readiness", probe, fast=fast, on_step=on_step)

    async def _keep_alive(self, target: _Target, probe: Probe) -> None:
        def on_step(step: ProbeStep) -> bool:
            if step.turned is False:
                self._listener.on_dead(target.key, target.container, "Liveness")
            return step.turned is False

        await self._attempts(target, "Liveness", probe, fast=False, on_step=on_step)

    async def _attempts(
        self,
        target: _Target,
        kind: str,
        probe: Probe,
        *,
        fast: bool,
        on_step: Callable[[ProbeStep], bool],
    ) -> None:
        """Try whenever due until `on_step` says that it is enough."""
        timing = resolve_timing(probe)
        state = begin_probe(timing, self._clock.now(), fast=fast, started=target.started)
        while True:
            left = state.due - self._clock.now()
            if left > 0:
                await asyncio.sleep(left)
                continue  # a timer may fire a little early
            try:
                result = await self._attempt(target, probe)
            except Unavailable:  # not the container is away, but who would ask it
                state = skip_probe(state, self._clock.now())
                continue
            step = step_probe(state, self._clock.now(), success=result.success)
            state = step.state
            if not result.success and step.counted:
                self._listener.on_unhealthy(target.key, target.container, kind, result.message)
            if on_step(step):
                return

    async def _attempt(self, target: _Target, probe: Probe) -> ProbeResult:
        try:
            return await self._backend.probe(target.key, target.container, probe)
        except Unavailable:
            raise
        except KfsimError as error:  # the container went away meanwhile, or cannot be asked
            return ProbeResult(success=False, message=error.message)
