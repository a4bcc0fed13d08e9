"""The server's life: load, listen, serve, drain.

The socket listens only after the model is loaded, so that a TCP probe tells the truth; an inherited
socket (`--socket_fd`) is bound before the process exists, so that its port cannot be taken. SIGTERM
stops accepting, answers what is in flight and exits with 0. A failed load ends the process with
exit code 1; its last line says why, and is also written to the file named by the environment
variable KFSIM_TERMINATION_LOG.
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor

from kfsim.modelserver.arguments import ANSWERS, Arguments, parse_arguments
from kfsim.modelserver.connection import Connection
from kfsim.modelserver.loading import LoadFailure
from kfsim.modelserver.repository import ModelRepository
from kfsim.modelserver.routes import KSERVE, Dialect, Router
from kfsim.modelserver.tornado import TORNADO

_logger = logging.getLogger(__name__)
_BACKLOG = 2048
_DIALECTS = dict(zip(ANSWERS, (KSERVE, TORNADO), strict=True))


class Server:
    """Owns the listening socket, the connections and the worker thread."""

    def __init__(self, repository: ModelRepository, dialect: Dialect = KSERVE) -> None:
        self.router = Router(repository, dialect)
        self.worker: Executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="predict")
        self.draining = False
        self.connections: dict[Connection, None] = {}
        self.on_idle = self._check_idle
        self._stopped = asyncio.Event()

    async def serve(self, listener: socket.socket) -> None:
        """Serve until SIGTERM or SIGINT and all answers are sent."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._drain)
        server = await loop.create_server(
            lambda: Connection(self, loop), sock=listener, backlog=_BACKLOG
        )
        host, port = listener.getsockname()[:2]
        _logger.info("serving on %s:%s", host, port)
        await self._stopped.wait()
        server.close()
        self.worker.shutdown(wait=False, cancel_futures=True)

    def _drain(self) -> None:
        self.draining = True
        for connection in list(self.connections):
            connection.drain()
        self._check_idle()

    def _check_idle(self) -> None:
        if not self.connections:
            self._stopped.set()


def main(given: Sequence[str]) -> int:
    """Run the server; returns the exit code."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(message)s", force=True
    )
    arguments = parse_arguments(given)
    if arguments.ignored:
        _logger.warning("ignored arguments: %s", " ".join(arguments.ignored))
    repository = ModelRepository(
        name=arguments.model_name,
        model_dir=arguments.model_dir,
        allow_pickle=arguments.allow_pickle,
    )
    try:
        loaded = repository.load_own()
        listener = _listener(arguments)
    except (LoadFailure, OSError) as failure:
        return _end(failure)
    for warning in loaded.warnings:
        _logger.warning("%s", warning)
    _logger.info("model %s loaded from %s", arguments.model_name, loaded.path)
    _run(repository, listener, _DIALECTS[arguments.answers])
    return 0


def _run(repository: ModelRepository, listener: socket.socket, dialect: Dialect) -> None:
    async def serve() -> None:
        await Server(repository, dialect).serve(listener)

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(serve())


def _loop_factory() -> type[asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # optional: the default loop serves too
    except ModuleNotFoundError:
        return None
    factory: type[asyncio.AbstractEventLoop] = uvloop.Loop
    return factory


def _listener(arguments: Arguments) -> socket.socket:
    if arguments.socket_fd is not None:
        return socket.socket(fileno=arguments.socket_fd)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((arguments.http_host, arguments.http_port))
    except OSError as error:
        listener.close()
        raise OSError(
            f"cannot listen on {arguments.http_host}:{arguments.http_port}: {error.strerror}; "
            "choose another --http_port"
        ) from error
    return listener


def _end(failure: Exception) -> int:
    text = str(failure)
    path = os.environ.get("KFSIM_TERMINATION_LOG")
    if path:
        # The file is a courtesy; the log's last line says the same.
        with contextlib.suppress(OSError), open(path, "w", encoding="utf-8") as file:
            file.write(text)
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
    return 1
