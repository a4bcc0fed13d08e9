"""When a container that ended, or could not be started, is tried again, and how its wait shows.

A container that ended waits for its crash back-off, one whose image cannot be pulled for that of
the image, and others that could not be started for the Pod's next sync. What is due is kept on the
replica and done by `tend`, which a reconcile calls.
"""

from collections.abc import Callable

from kfsim.base.clock import Clock
from kfsim.base.types import ReplicaKey
from kfsim.controllers.pod.replica import Note, Replica
from kfsim.controllers.runtime.recorder import NORMAL, WARNING
from kfsim.replicas import lifecycle
from kfsim.replicas.backoff import FIRST_DELAY
from kfsim.replicas.failures import PULL_BACKOFF, Retry
from kfsim.replicas.lifecycle import ContainerRecord

# A failed pull shows as ErrImagePull until the Pod's next sync (kubelet's syncTicker).
_SYNC = 1.0


class Restarts:
    """Plans the next attempts of all replicas' containers."""

    def __init__(
        self,
        *,
        clock: Clock,
        wake: Callable[[ReplicaKey, float], None],
        restart: Callable[[Replica, str], None],
    ) -> None:
        """`wake(key, after)` asks for a `tend` of that replica; `restart` makes an attempt."""
        self._clock = clock
        self._wake = wake
        self._restart = restart

    def after_failure(self, replica: Replica, record: ContainerRecord, retry: Retry) -> None:
        """The container could not be started."""
        match retry:
            case Retry.CRASH:
                self.after_exit(replica, record.name)
            case Retry.PULL:
                self._schedule(replica, record.name, record.pulls.delay)
                replica.held_back[record.name] = self._clock.now() + _SYNC
                self._wake(replica.key, _SYNC)
            case Retry.SYNC:
                self._schedule(replica, record.name, FIRST_DELAY)
            case Retry.NEVER | Retry.BACKEND:
                pass

    def after_exit(self, replica: Replica, container: str) -> None:
        """The container ended and its Pod wants it again."""
        record = replica.state.find(container)
        delay = 0.0 if record is None else record.backoff.delay
        if delay <= 0:
            self._restart(replica, container)
            return
        replica.state = lifecycle.hold_back(replica.state, container, where=replica.where)
        text = f"Back-off restarting failed container {container} in pod {replica.where}"
        replica.notes.append(Note(WARNING, "BackOff", text))
        self._schedule(replica, container, delay)

    def tend(self, replica: Replica) -> None:
        """Do what has become due."""
        now = self._clock.now()
        for container, due in tuple(replica.held_back.items()):
            if due <= now:
                del replica.held_back[container]
                self._show_pull_backoff(replica, container)
            else:
                self._wake(replica.key, due - now)
        for container, due in tuple(replica.due.items()):
            if due <= now:
                del replica.due[container]
                self._restart(replica, container)
            else:
                self._wake(replica.key, due - now)

    @staticmethod
    def pulls(replica: Replica) -> bool:
        """Whether an image is to be pulled again."""
        records = (replica.state.find(container) for container in replica.due)
        return any(record is not None and record.pulls.delay > 0 for record in records)

    @staticmethod
    def started(replica: Replica, container: str) -> None:
        """The container runs: nothing is due for it."""
        replica.due.pop(container, None)
        replica.held_back.pop(container, None)

    @staticmethod
    def forget(replica: Replica) -> None:
        """Nothing of the replica is tried again."""
        replica.due.clear()
        replica.held_back.clear()

    def _schedule(self, replica: Replica, container: str, delay: float) -> None:
        replica.due[container] = self._clock.now() + delay
        self._wake(replica.key, delay)

    @staticmethod
    def _show_pull_backoff(replica: Replica, container: str) -> None:
        record = replica.state.find(container)
        held = lifecycle.hold_back(replica.state, container, where=replica.where)
        if record is None or held is replica.state:
            return
        replica.state = held
        replica.notes.append(Note(NORMAL, "BackOff", f'Back-off pulling image "{record.image}"'))
        replica.notes.append(Note(WARNING, "Failed", f"Error: {PULL_BACKOFF}"))
