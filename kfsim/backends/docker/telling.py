"""What a replica tells: its backend's events, in the words of the port."""

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
        self._spec = spec
        self._sink = sink

    def started(self, attempt: Attempt) -> None:
        """The attempt's container runs."""
        run = attempt.run
        self._tell(
            ReplicaEventKind.INIT_STARTED if run.is_init else ReplicaEventKind.STARTED,
            run.name,
            container_id=f"docker://{attempt.id}" if attempt.id else "",
            image_id=attempt.image_id,
        )

    def record_started(self, run: ContainerRun) -> None:
        """A container that is a record, or whose work the backend does itself, has begun."""
        kind = ReplicaEventKind.INIT_STARTED if run.is_init else ReplicaEventKind.STARTED
        self._tell(kind, run.name)

    def exited(self, run: ContainerRun, how: Exit) -> None:
        """The container has ended."""
        self._tell(
            ReplicaEventKind.INIT_EXITED if run.is_init else ReplicaEventKind.EXITED,
            run.name,
            exit_code=how.code,
            signal=how.signal,
            reason=how.reason,
            message=how.message,
        )

    def failed(self, container: str, reason: str, message: str) -> None:
        """The container could not be started."""
        self._tell(ReplicaEventKind.FAILED, container, reason=reason, message=message)

    def noted(self, container: str, remark: Remark) -> None:
        """Something that changes no state."""
        self._tell(
            ReplicaEventKind.NOTED,
            container,
            reason=remark.reason,
            message=remark.message,
            warning=remark.warning,
        )

    def gone(self) -> None:
        """Nothing is left of the replica."""
        self._tell(ReplicaEventKind.GONE, "", reason="Stopped")

    def _tell(
        self,
        kind: ReplicaEventKind,
        container: str,
        *,
        exit_code: int | None = None,
        signal: int | None = None,
        reason: str = "",
        message: str = "",
        warning: bool = False,
        container_id: str = "",
        image_id: str = "",
    ) -> None:
        self._sink.emit(
            ReplicaEvent(
                key=self._spec.key,
                uid=self._spec.uid,
                kind=kind,
                container=container,
                exit_code=exit_code,
                signal=signal,
                reason=reason,
                message=message,
                warning=warning,
                container_id=container_id,
                image_id=image_id,
            )
        )
