"""Starting a daemon as a child process, and the handshake with it.

The child writes one JSON line to its standard output: `{"ready": {...DaemonInfo}, "notes": [...]}`
or `{"error": "…"}`. In the foreground its standard input is a pipe that we keep open: when we are
gone, however we went, the daemon drains and stops.
"""

import json
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kfsim.base.errors import Unavailable
from kfsim.daemon.project import DaemonInfo, log_path, open_log, prepare_state_dir
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
        self._log = log_path(settings.state_dir)
        with os.fdopen(open_log(settings.state_dir), "ab") as log:
            self._said_before = log.seek(0, os.SEEK_END)
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
        end = describe_end(self.process.wait())
        words = message.get("error") or f"{end}; {_last_words(self._log, self._said_before)}"
        raise Unavailable(f"the daemon did not start: {words}")


def describe_end(code: int) -> str:
    """A process's end as a person would say it."""
    if code >= 0:
        return f"it ended with code {code}"
    try:
        return f"it was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"it was ended by signal {-code}"


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


def _last_words(path: Path, start: int, lines: int = 15) -> str:
    """What the log has from the offset on."""
    try:
        with path.open("rb") as log:
            log.seek(start)
            said = log.read().decode(errors="replace").splitlines()
    except OSError as error:
        return f"its log cannot be read: {error}"
    if not said:
        return f"it wrote nothing to its log, {path}"
    return "\n".join(["its last words:", *said[-lines:]])
