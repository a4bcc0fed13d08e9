"""Starting a daemon as a child process, and the handshake with it.

The child writes one JSON line to its standard output: `{"ready": {...DaemonInfo}, "notes": [...]}`
or `{"error": "…"}`. In the foreground its standard input is a pipe that we keep open: when we are
gone, however we went, the daemon drains and stops.
"""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kfsim.base.errors import Unavailable
from kfsim.daemon.project import DaemonInfo, prepare_state_dir
from kfsim.daemon.settings import DaemonSettings


@dataclass(frozen=True, slots=True)
class StartedDaemon:
    """A running child; `notes` are for the user (ports that moved, say)."""

    info: DaemonInfo
    notes: tuple[str, ...]
    process: subprocess.Popen[bytes]


class PendingDaemon:
    """A child that was started and has not answered yet."""

    def __init__(self, settings: DaemonSettings) -> None:
        """Raises Unavailable when the state directory cannot be used."""
        prepare_state_dir(settings.state_dir)
        self._log = settings.state_dir / "logs" / "daemon.log"
        self._log.parent.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "wb") as log:
            self.process = subprocess.Popen(  # our own daemon
                settings.command(),
                stdin=subprocess.PIPE if settings.foreground else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches us, and we tell the daemon
                env=_environment(),
            )

    def wait(self) -> StartedDaemon:
        """Wait for the handshake. Raises Unavailable with the daemon's own words."""
        output = self.process.stdout
        line = output.readline() if output is not None else b""
        message = _parse(line)
        if "ready" in message:
            info = DaemonInfo(**message["ready"])
            return StartedDaemon(info, tuple(message.get("notes", ())), self.process)
        code = self.process.wait()
        problem = message.get("error") or f"it ended with code {code}; its last words:\n" + (
            _tail(self._log)
        )
        raise Unavailable(f"the daemon did not start: {problem}")


def _environment() -> dict[str, str]:
    """Ours, minus what would make the daemon's own Python behave differently."""
    kept = dict(os.environ)
    kept.pop("PYTHONINSPECT", None)
    return kept


def _parse(line: bytes) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


def _tail(path: Path, lines: int = 15) -> str:
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError as error:
        return f"(no log: {error})"
