"""The daemon's process: lock, log, and the handshake with whoever started it.

Standard output carries one JSON line, `{"ready": …, "notes": […]}` or `{"error": …}`, and is
closed after it; standard error is the log. The supervisor of replicas is launched before the
heavy imports, because its template needs as long for its own.
"""

import json
import logging
import os
import sys
from typing import Any

from kfsim.backends.process.launch import launch_supervisor
from kfsim.backends.process.settings import ProcessSettings
from kfsim.base.errors import KfsimError
from kfsim.daemon.project import Project, StateLock, prepare_state_dir
from kfsim.daemon.settings import DaemonSettings

_logger = logging.getLogger(__name__)


def main(arguments: list[str] | None = None) -> int:
    """Run a daemon until it is told to stop; 1 when it could not start."""
    settings = DaemonSettings.parse(sys.argv[1:] if arguments is None else arguments)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    os.umask(0o077)
    project = Project(settings.project, settings.root, settings.state_dir)
    try:
        prepare_state_dir(settings.state_dir)
        with StateLock(project):
            processes = ProcessSettings(allow_pickle=settings.allow_pickle)
            launch = launch_supervisor(settings.state_dir, processes)
            from kfsim.daemon.serving import serve

            serve(settings, processes, launch, answer=_answer)
    except KfsimError as error:
        _logger.error("cannot start: %s", error.message)
        _answer({"error": error.message})
        return 1
    return 0


def _answer(message: dict[str, Any]) -> None:
    """Write the handshake line, then give standard output away."""
    try:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        pass  # whoever started us is gone already; the daemon is found by its daemon.json
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
