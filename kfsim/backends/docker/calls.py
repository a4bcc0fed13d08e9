"""Threads for the engine's blocking calls.

Eight threads take calls in turn; each has a client of its own, so no connection is ever shared. A
call whose asker gave up (a timeout, a cancellation) cannot be stopped: when it ends well after all,
its `undo` runs in the same thread, so that no container is left that nobody knows of.
"""

import asyncio
import logging
import queue
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from kfsim.backends.docker.connection import Client, Connection

T = TypeVar("T")
THREADS = 8
_logger = logging.getLogger(__name__)


class Call(Generic[T]):
    """One call, and who waits for it."""

    def __init__(
        self,
        what: str,
        function: Callable[[Client], T],
        *,
        connection: Connection,
        timeout: float,
        undo: Callable[[Client, T], object] | None,
    ) -> None:
        self.what = what
        self.connection = connection
        self.timeout = timeout
        self._loop = asyncio.get_running_loop()
        self.future: asyncio.Future[T] = self._loop.create_future()
        self._function = function
        self._undo = undo
        self._lock = threading.Lock()
        self._abandoned = False
        self._result: list[T] = []

    def run(self, client: Client) -> None:
        """In a call thread."""
        if self._abandoned:
            return
        try:
            result = self._function(client)
        except Exception as error:  # noqa: BLE001  # it goes to who asked
            self._tell(self._fail, error)
            return
        with self._lock:
            if not self._abandoned:
                self._result.append(result)
                self._tell(self._finish)
                return
        self._compensate(client, result)

    def fail(self, error: Exception) -> None:
        """In a call thread: there is no client to run with."""
        self._tell(self._fail, error)

    def _tell(self, function: Callable[..., None], *args: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(function, *args)
        except RuntimeError:  # the loop is closed: nobody waits any more
            _logger.debug("nobody waits for the engine's answer to %s", self.what)

    def _finish(self) -> None:
        if not self.future.done():
            self.future.set_result(self._result[0])

    def _fail(self, error: Exception) -> None:
        if not self.future.done():
            self.future.set_exception(error)

    def abandon(self) -> Callable[[Client], object] | None:
        """On the loop: nobody waits any more. Returns what must still be run when the call had
        ended well already and its result was on the way."""
        with self._lock:
            self._abandoned = True
            undo = self._undo
            if self._result and undo is not None:
                result = self._result[0]
                return lambda client: undo(client, result)
        return None

    def _compensate(self, client: Client, result: T) -> None:
        if self._undo is None:
            return
        try:
            self._undo(client, result)
        except Exception:
            _logger.exception("cannot undo an abandoned call to the engine (%s)", self.what)


class CallThreads:
    """The eight threads, started when needed. They do not keep the interpreter from ending."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[Call[Any] | None] = queue.SimpleQueue()
        self._started = 0
        self._idle = threading.Semaphore(0)

    def submit(self, call: Call[Any]) -> None:
        """Hand a call over."""
        if self._started < THREADS and not self._idle.acquire(blocking=False):
            self._started += 1
            name = f"docker-call-{self._started}"
            threading.Thread(target=self._work, name=name, daemon=True).start()
        self._calls.put(call)

    def close(self) -> None:
        """Let the threads end once what was handed over is done."""
        for _ in range(self._started):
            self._calls.put(None)

    def _work(self) -> None:
        client: Client = None
        connection: Connection | None = None
        while (call := self._calls.get()) is not None:
            try:
                if connection is not call.connection:
                    if client is not None:
                        client.close()
                    client, connection = call.connection.make_client(), call.connection
            except Exception as error:  # noqa: BLE001  # it goes to who asked
                client = connection = None
                call.fail(error)
            else:
                client.timeout = call.timeout
                call.run(client)
            self._idle.release()
        if client is not None:
            client.close()
