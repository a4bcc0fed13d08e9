"""One container of a replica, attempt after attempt.

Every start makes a new container of the engine (an attempt), with a fresh file system, as
Kubernetes does; the ended one is kept only until its log is stored.
"""

import asyncio
from enum import StrEnum

from kfsim.api.core import Container
from kfsim.backends.docker.events import ContainerEnd


class Stage(StrEnum):
    """Where an attempt is."""

    CREATING = "Creating"
    STARTING = "Starting"
    RUNNING = "Running"
    ENDED = "Ended"


class Attempt:
    """One container of the engine.

    `ended` is set once its end was told, `stored` once nothing of it is left but its stored log.
    `early_end` is how it ended before its start was answered. The end of one that is `replaced` is
    not told, for another takes its place.
    """

    def __init__(self, run: "ContainerRun", number: int) -> None:
        self.run = run
        self.number = number
        self.id = ""
        self.image_id = ""
        self.stage = Stage.CREATING
        self.early_end: ContainerEnd | None = None
        self.replaced = False
        self.ended = asyncio.Event()
        self.stored = asyncio.Event()

    @property
    def running(self) -> bool:
        """Whether it runs as far as anybody knows."""
        return self.stage is Stage.RUNNING


class ContainerRun:
    """A container of the Pod with its latest attempt. `pending`: a start of it is under way."""

    def __init__(self, container: Container, *, is_init: bool) -> None:
        self.container = container
        self.is_init = is_init
        self.pending = False
        self.attempt: Attempt | None = None
        self.exit_code = 0
        self._next = 0

    @property
    def name(self) -> str:
        return self.container.name

    @property
    def running(self) -> bool:
        """Whether its latest attempt runs."""
        return self.attempt is not None and self.attempt.running

    def begin(self) -> Attempt:
        """A new attempt."""
        self.attempt = Attempt(self, self._next)
        self._next += 1
        return self.attempt

    def take_over(self, number: int, container_id: str) -> Attempt:
        """The attempt of an earlier daemon."""
        self._next = number
        attempt = self.begin()
        attempt.id = container_id
        attempt.stage = Stage.RUNNING
        return attempt
