"""The engine's events, as the backend wants to hear them.

A container's end arrives as `die` with the exit code, after an `oom` where the kernel ended one of
its processes for memory. `destroy` matters only for a container that somebody else removed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

_OOM_KEPT = 1000


@dataclass(frozen=True, slots=True)
class ContainerEnd:
    """`exit_code` None: the container is not there any more, and nobody knows how it ended."""

    container_id: str
    exit_code: int | None
    out_of_memory: bool


class EventListener(Protocol):
    """Who hears them."""

    def on_ended(self, end: ContainerEnd) -> None: ...

    def on_image_event(self, event: Mapping[str, Any]) -> None: ...


class EventFeed:
    """Turns raw events into calls of a listener."""

    def __init__(self, listener: EventListener) -> None:
        self._listener = listener
        self._out_of_memory: dict[str, None] = {}

    def deliver(self, event: Mapping[str, Any]) -> None:
        """One event of the stream."""
        if event.get("Type") == "image":
            self._listener.on_image_event(event)
            return
        actor = event.get("Actor") or {}
        container_id = str(actor.get("ID", ""))
        match event.get("Action"):
            case "oom":
                self._out_of_memory[container_id] = None
                if len(self._out_of_memory) > _OOM_KEPT:  # other people's containers
                    del self._out_of_memory[next(iter(self._out_of_memory))]
            case "die":
                self._listener.on_ended(
                    ContainerEnd(
                        container_id,
                        _number((actor.get("Attributes") or {}).get("exitCode")),
                        container_id in self._out_of_memory,
                    )
                )
                self._out_of_memory.pop(container_id, None)
            case "destroy":
                self._listener.on_ended(ContainerEnd(container_id, None, out_of_memory=False))


def _number(text: object) -> int | None:
    try:
        return int(str(text))
    except ValueError:
        return None
