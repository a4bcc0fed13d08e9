"""A daemon's life on its loop: start, signals, stop.

In the foreground the end of standard input means that the command line is gone, and stops the
daemon as SIGTERM does.
"""

import asyncio
import logging
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import uvloop

from kfsim.backends.process.launch import Launch
from kfsim.backends.process.settings import ProcessSettings
from kfsim.daemon.daemon import Daemon
from kfsim.daemon.project import write_daemon
from kfsim.daemon.settings import DaemonSettings

_logger = logging.getLogger(__name__)
Answer = Callable[[dict[str, Any]], None]


def serve(
    settings: DaemonSettings, processes: ProcessSettings, launch: Launch, *, answer: Answer
) -> None:
    """Run until told to stop; `answer` is given the handshake. Raises KfsimError."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, processes, launch, answer))


async def _serve(
    settings: DaemonSettings, processes: ProcessSettings, launch: Launch, answer: Answer
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    daemon = Daemon(settings, processes=processes, launch=launch, on_shutdown=stop.set)
    try:
        info = await daemon.start()
        write_daemon(settings.state_dir, info)
        if settings.foreground:
            await _watch_standard_input(stop)
        answer({"ready": asdict(info), "notes": list(daemon.notes)})
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
