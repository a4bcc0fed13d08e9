"""Starting a supervisor and, through it, the template.

Importing frameworks takes the template longer than anything else takes the daemon, so a daemon
launches its supervisor before its own imports and hands the `Launch` to the backend later. This
module and what it imports must stay light.
"""

import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from kfsim.backends.process.channel import Channel
from kfsim.backends.process.settings import ProcessSettings
from kfsim.backends.process.template import make_template_command
from kfsim.backends.process.tools import make_tool_environment
from kfsim.base.errors import Unavailable

_SUPERVISOR = "kfsim.backends.process.supervisor"
_MODEL_SERVER = "kfsim.modelserver.server:main"


@dataclass(frozen=True, slots=True)
class Launch:
    """A supervisor that was started; it ends when the channel closes."""

    process: "subprocess.Popen[bytes]"
    channel: Channel


def supervisor_log(state_dir: Path) -> Path:
    """Where supervisors of this state directory write."""
    return state_dir / "logs" / "supervisor.log"


def launch_supervisor(state_dir: Path, settings: ProcessSettings) -> Launch:
    """Start the process and ask it for its template; waits for neither. Raises Unavailable."""
    log = supervisor_log(state_dir)
    ours, theirs = socket.socketpair()
    try:
        process = _spawn(log, theirs.fileno())
    except OSError as error:
        ours.close()
        raise Unavailable(
            f"cannot start the supervisor of process replicas: {error}; see {log}"
        ) from error
    finally:
        theirs.close()
    channel = Channel(ours)
    if settings.fork:
        command = make_template_command(_MODEL_SERVER, settings.preload_now, settings.preload_later)
        channel.send({"op": "template", "argv": command, "env": make_tool_environment()})
    return Launch(process, channel)


def _spawn(log: Path, fd: int) -> "subprocess.Popen[bytes]":
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", _SUPERVISOR, str(fd)],
            env=make_tool_environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=(fd,),
            start_new_session=True,
        )
    finally:
        os.close(output)
