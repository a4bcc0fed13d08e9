"""What the supervisor knows of one process it runs, and how such a process is spawned.

A child is in one of these states, in this order: asked of the template (no pid yet), running,
stopping (a deadline for SIGKILL is set), gone (no record any more).
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kfsim.backends.logs import LogWriter
from kfsim.backends.process.channel import Message
from kfsim.backends.process.linux import children, die_with_parent, has_environment, process_name

MARKER = "KFSIM_REPLICA"
_DRAIN_CHUNK = 64 * 1024


@dataclass(slots=True)
class Child:
    """`pipe` is the read end of the child's output; `kill_at` the deadline of a requested stop."""

    identity: str
    message: Message
    log: LogWriter
    pipe: int
    pid: int | None = None
    kill_at: float | None = None
    stop_grace: float | None = None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole process group, if there is one yet."""
        if self.pid is not None:
            signal_group(self.pid, number)

    def pump(self) -> bool:
        """Store what the child wrote; false at the end of its output."""
        while True:
            try:
                data = os.read(self.pipe, _DRAIN_CHUNK)
            except BlockingIOError:
                return True
            if not data:
                return False
            self.log.write(data)
            if len(data) < _DRAIN_CHUNK:
                return True

    @property
    def marker(self) -> bytes:
        return f"{MARKER}={self.message['env'].get(MARKER, '')}".encode()


def signal_group(pid: int, number: signal.Signals) -> None:
    """Signal a process group; that it is gone is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def open_child(message: Message) -> tuple[Child, int]:
    """A record with its log and pipe; also the pipe's write end, for the process to come.

    Raises OSError when the log file cannot be written.
    """
    log = message["log"]
    writer = LogWriter(log["path"], limit=log["limit"], files=log["files"], raw=log["raw"])
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    return Child(message["id"], message, writer, reading), writing


def spawn(
    argv: Sequence[str], *, env: Mapping[str, str], cwd: str, output: int, inherited: Sequence[int]
) -> int:
    """Start a program in a session of its own; returns its pid. Raises OSError."""
    parent = os.getpid()
    process = subprocess.Popen(
        [each.replace("{socket_fd}", str(inherited[0])) if inherited else each for each in argv],
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        pass_fds=tuple(inherited),
        start_new_session=True,
        preexec_fn=lambda: die_with_parent(parent),  # safe: there is one thread
    )
    process.returncode = 0  # the supervisor's own reaper waits for it, not subprocess
    return process.pid


def kill_escaped(known: Sequence[int], marker: bytes) -> None:
    """Kill processes of a gone replica that had left its process group: orphans that became ours
    and were started with its marker."""
    for pid in children(os.getpid()):
        if pid not in known and has_environment(pid, marker):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def kill_named(name: str, *, spared: Sequence[int]) -> None:
    """Kill children of this name that nobody accounts for (forked by a template that died before
    it could say so)."""
    for pid in children(os.getpid()):
        if pid not in spared and process_name(pid) == name:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
