"""The daemon's process: lock, log, signals, and the handshake with whoever started it.

Standard output carries one JSON line, `{"ready": …, "notes": […]}` or `{"error": …}`, and is
closed after it; standard error is the log. In the foreground the end of standard input means that
the command line is gone, and stops the daemon as SIGTERM does.
"""

import asyncio
import json
import logging
import os
import signal
import sys
from dataclasses import asdict
from typing import Any

import uvloop

from kfsim.base.errors import KfsimError
from kfsim.daemon.daemon import Daemon
from kfsim.daemon.project import Project, StateLock, prepare_state_dir, write_daemon
from kfsim.daemon.settings import DaemonSettings

_logger = logging.getLogger(__name__)


def main(arguments: list[str] | None = None) -> int:
    """Run a daemon until it is told to stop; 1 when it could not start."""
    settings = DaemonSettings.parse(sys.argv[1:] if arguments is None else arguments)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    project = Project(settings.project, settings.root, settings.state_dir)
    os.umask(0o077)
    try:
        prepare_state_dir(settings.state_dir)
        with StateLock(project), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings))
    except KfsimError as error:
        _logger.error("cannot start: %s", error.message)
        _answer({"error": error.message})
        return 1
    return 0


async def _serve(settings: DaemonSettings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    daemon = Daemon(settings, on_shutdown=stop.set)
    try:
        info = await daemon.start()
        write_daemon(settings.state_dir, info)
        if settings.foreground:
            await _watch_standard_input(stop)
        _answer({"ready": asdict(info), "notes": list(daemon.notes)})
        _logger.info("serving: gateway %s, API %s", info.gateway, info.api)
        await stop.wait()
        _logger.info("stopping")
    finally:
        await daemon.stop()


async def _watch_standard_input(stop: asyncio.Event) -> None:
    """Set `stop` at the end of standard input."""

    class Ender(asyncio.Protocol):
        def eof_received(self) -> None:
            stop.set()

        def connection_lost(self, exc: Exception | None) -> None:
            stop.set()

    await asyncio.get_running_loop().connect_read_pipe(Ender, sys.stdin)


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
