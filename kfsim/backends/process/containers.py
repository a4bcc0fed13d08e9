"""One container's processes, attempt after attempt, and one-off commands beside it."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from kfsim.api.core import Container
from kfsim.backends.logs import TAIL_BYTES
from kfsim.backends.process.channel import Message
from kfsim.backends.process.recipes import ProcessPlan


class ProcessOwner(Protocol):
    """Who is told what happened to a process."""

    def started(self, pid: int) -> None: ...

    def failed(self, message: str) -> None: ...

    def exited(self, *, code: int, number: int | None, tail: str) -> None: ...


class ContainerListener(Protocol):
    """The replica of a container."""

    def container_started(self, run: "ContainerRun") -> None: ...

    def container_failed(self, run: "ContainerRun", message: str) -> None: ...

    def container_exited(
        self, run: "ContainerRun", *, code: int, number: int | None, tail: str
    ) -> None: ...


class ContainerRun:
    """A container with its current attempt. `identity` is set while a process exists or is asked
    for; `ended` is set whenever none does."""

    def __init__(self, container: Container, replica: ContainerListener) -> None:
        self.container = container
        self.attempt = -1
        self.identity: str | None = None
        self.pid: int | None = None
        self.plan: ProcessPlan | None = None
        self.exit_code = 0
        self.ended = asyncio.Event()
        self.ended.set()
        self._replica = replica

    def begin(self, plan: ProcessPlan) -> None:
        """A new attempt is about to start."""
        self.attempt += 1
        self.plan = plan
        self.ended.clear()

    def forget(self) -> None:
        """There is no process any more."""
        self.identity = None
        self.pid = None
        self.ended.set()

    def started(self, pid: int) -> None:
        self.pid = pid
        self._replica.container_started(self)

    def failed(self, message: str) -> None:
        self.exit_code = 1
        self.forget()
        self._replica.container_failed(self, message)

    def exited(self, *, code: int, number: int | None, tail: str) -> None:
        self.exit_code = code
        # The event goes first: whoever waits for the end may send the replica's last event.
        self.identity = None
        self.pid = None
        self._replica.container_exited(self, code=code, number=number, tail=tail)
        self.ended.set()


class CommandRun:
    """A command beside a container; `result` is its exit code, or the reason it has none."""

    def __init__(self) -> None:
        self.result: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.failure = ""

    def started(self, pid: int) -> None:
        """Nobody needs to know."""

    def failed(self, message: str) -> None:
        self.failure = message
        self._finish(126)

    def exited(self, *, code: int, number: int | None, tail: str) -> None:
        self._finish(code)

    def _finish(self, code: int) -> None:
        if not self.result.done():
            self.result.set_result(code)


def describe_exit(termination_log: Path, tail: str) -> str:
    """The termination message: what the process wrote as such, else its last log lines."""
    try:
        with termination_log.open("rb") as file:
            written = file.read(TAIL_BYTES)
    except OSError:
        written = b""
    return written.decode(errors="replace").strip() or tail


def make_spawn(plan: ProcessPlan, *, cwd: str, log: Mapping[str, object], fork: bool) -> Message:
    """The supervisor's spawn request, without its id."""
    return {
        "op": "spawn",
        "program": list(plan.program),
        "argv": list(plan.argv),
        "env": dict(plan.env),
        "cwd": cwd,
        "log": dict(log),
        "fork": fork,
    }


def port_was_taken(tail: str) -> bool:
    """Whether a container's last words say that somebody else has its port."""
    text = tail.lower()
    return "address already in use" in text or "eaddrinuse" in text
