"""The asynchronous calls to the backend, one task each.

A call's outcome comes back as the backend's events; what the backend refuses outright, or does not
tell, is made into such an event here, so that the kubelet hears of everything in one way.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from kfsim.base.errors import KfsimError, NotFound
from kfsim.base.tasks import TaskSet
from kfsim.base.types import ReplicaKey
from kfsim.controllers.pod.replica import Note, Replica, Stage
from kfsim.controllers.runtime.recorder import WARNING
from kfsim.replicas.backend import ReplicaBackend, ReplicaEvent, ReplicaEventKind

_STOP_RETRY = 5.0
_logger = logging.getLogger(__name__)


class Runner:
    """Starts, restarts and stops replicas through the backend."""

    def __init__(
        self, *, backend: ReplicaBackend, on_event: Callable[[ReplicaEvent], None]
    ) -> None:
        self._backend = backend
        self._on_event = on_event
        self._tasks = TaskSet("kubelet")

    def start(self, replica: Replica) -> None:
        """Hand the replica to the backend."""
        replica.stage = Stage.LIVE
        replica.present = True
        replica.lives += 1
        replica.starting = self._spawn(self._start(replica), name=f"start/{replica.key}")

    def restart(self, replica: Replica, container: str) -> None:
        """Start one ended container again; the whole replica when the backend forgot it."""
        self._spawn(self._restart(replica, container), name=f"restart/{replica.key}")

    def stop(self, replica: Replica, grace: float) -> None:
        """Stop the replica; ends with its GONE event."""
        self._spawn(self._stop(replica, grace), name=f"stop/{replica.key}")

    def stop_unknown(
        self, key: ReplicaKey, grace: float, *, done: Callable[[], None] = lambda: None
    ) -> None:
        """Stop a running replica that no Pod records; `done` is called when it is gone."""
        self._spawn(self._stop_unknown(key, grace, done), name=f"stop/{key}")

    async def close(self) -> None:
        await self._tasks.close()

    async def _start(self, replica: Replica) -> None:
        spec = replica.spec
        assert spec is not None  # only replicas whose references are resolved are started
        try:
            await self._backend.start(spec)
        except KfsimError as error:
            self._refused(replica, replica.state.serving, error)

    async def _restart(self, replica: Replica, container: str) -> None:
        try:
            await self._backend.restart_container(replica.key, container)
        except NotFound:
            if not replica.ending:
                self.start(replica)
        except KfsimError as error:
            self._tell(
                replica,
                ReplicaEventKind.FAILED,
                container=container,
                reason="CreateContainerError",
                message=error.message,
            )

    async def _stop(self, replica: Replica, grace: float) -> None:
        if replica.starting is not None and not replica.starting.done():
            # A stop that overtook its start would leave the replica running.
            await asyncio.gather(replica.starting, return_exceptions=True)
        life = replica.lives
        while True:
            try:
                await self._backend.stop(replica.key, grace_seconds=grace)
                break
            except KfsimError as error:
                replica.notes.append(Note(WARNING, "FailedKillPod", error.message))
                await asyncio.sleep(_STOP_RETRY)
        if replica.present and replica.lives == life:  # unknown to the backend: no event came
            self._tell(replica, ReplicaEventKind.GONE)

    async def _stop_unknown(self, key: ReplicaKey, grace: float, done: Callable[[], None]) -> None:
        while True:
            try:
                await self._backend.stop(key, grace_seconds=grace)
                break
            except KfsimError as error:  # no Pod would show it
                _logger.warning("replica %s cannot be stopped yet: %s", key, error.message)
                await asyncio.sleep(_STOP_RETRY)
        done()

    def _refused(self, replica: Replica, container: str, error: KfsimError) -> None:
        """The backend has nothing of the replica: say so, and leave the rest to the back-off."""
        replica.present = False
        if replica.ending:
            self._tell(replica, ReplicaEventKind.GONE)
            return
        self._tell(
            replica,
            ReplicaEventKind.FAILED,
            container=container,
            reason="CreateContainerError",
            message=error.message,
        )

    def _tell(
        self,
        replica: Replica,
        kind: ReplicaEventKind,
        *,
        container: str = "",
        reason: str = "",
        message: str = "",
    ) -> None:
        self._on_event(
            ReplicaEvent(replica.key, replica.uid, kind, container, reason=reason, message=message)
        )

    def _spawn(self, coroutine: Coroutine[Any, Any, None], *, name: str) -> asyncio.Task[None]:
        return self._tasks.spawn(coroutine, name=name)
