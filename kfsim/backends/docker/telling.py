"""What a replica tells: its backend's events, in the words of the port."""

from functools import partial
from typing import Protocol

from kfsim.backends.docker.bodies import Remark
from kfsim.backends.docker.containers import Attempt, ContainerRun
from kfsim.backends.docker.ending import Exit
from kfsim.replicas.backend import ReplicaEvent, ReplicaEventKind, ReplicaSpec


class EventSink(Protocol):
    """Where events go."""

    def emit(self, event: ReplicaEvent) -> None: ...


class Teller:
    """Tells the events of one replica."""

    def __init__(self, spec: ReplicaSpec, sink: EventSink) -> None:
        self._sink = sink
        self._event = partial(ReplicaEvent, spec.key, spec.uid)

    def started(self, attempt: Attempt) -> None:
        """The attempt's container runs."""
        run = attempt.run
        self._sink.emit(
            self._event(
                ReplicaEventKind.INIT_STARTED if run.is_init else ReplicaEventKind.STARTED,
                run.name,
                container_id=f"docker://{attempt.id}" if attempt.id else "",
                image_id=attempt.image_id,
            )
        )

    def record_started(self, run: ContainerRun) -> None:
        """A container that is a record, or whose work the backend does itself, has begun."""
        kind = ReplicaEventKind.INIT_STARTED if run.is_init else ReplicaEventKind.STARTED
        self._sink.emit(self._event(kind, run.name))

    def exited(self, run: ContainerRun, how: Exit) -> None:
        """The container has ended."""
        self._sink.emit(
            self._event(
                ReplicaEventKind.INIT_EXITED if run.is_init else ReplicaEventKind.EXITED,
                run.name,
                exit_code=how.code,
                signal=how.signal,
                reason=how.reason,
                message=how.message,
            )
        )

    def failed(self, container: str, reason: str, message: str) -> None:
        """The container could not be started."""
        self._sink.emit(
            self._event(ReplicaEventKind.FAILED, container, reason=reason, message=message)
        )

    def noted(self, container: str, remark: Remark) -> None:
        """Something that changes no state."""
        self._sink.emit(
            self._event(
                ReplicaEventKind.NOTED,
                container,
                reason=remark.reason,
                message=remark.message,
                warning=remark.warning,
            )
        )

    def gone(self) -> None:
        """Nothing is left of the replica."""
        self._sink.emit(self._event(ReplicaEventKind.GONE, "", reason="Stopped"))
