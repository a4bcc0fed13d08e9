"""One Docker engine, seen from the loop.

    connect ──▶ available: follow its events ──(the stream breaks)──▶ unavailable ──▶ connect …

Whether there is an engine is found out in the background and looked at again for as long as the
daemon lives, so a start never waits for Docker and a restarted engine is picked up by itself. The
event stream is also how the loss of an engine is noticed.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from typing import Any, TypeVar

from kfsim.backends.docker.calls import Call, CallThreads
from kfsim.backends.docker.connection import Client, Connection, connect, translate
from kfsim.backends.docker.creation import HostSize
from kfsim.backends.docker.errors import EngineRefused, EngineUnavailable
from kfsim.backends.docker.streams import Pump
from kfsim.base.tasks import TaskSet

__all__ = ["Engine", "EngineRefused", "EngineUnavailable"]

T = TypeVar("T")
Event = Mapping[str, Any]
_FIRST_DELAY = 0.1
_LONGEST_DELAY = 5.0
# Only what is listened to: exec_create and health checks would be most of a busy engine's events.
_EVENTS = {
    "type": ["container", "image"],
    "event": ["die", "oom", "destroy", "delete", "import", "load", "pull", "tag", "untag"],
}
_logger = logging.getLogger(__name__)


class Engine:
    """Calls, streams, events, and whether they are possible."""

    def __init__(self, *, host: str | None = None) -> None:
        """`host` is the engine's URL; None means DOCKER_HOST, or the default socket."""
        self._host = host
        self._threads = CallThreads()
        self._tasks = TaskSet("docker-engine")
        self._connection: Connection | None = None
        self._watch: Pump[Event] | None = None
        self._on_change: list[Callable[[bool], None]] = []
        self._on_event: list[Callable[[Event], None]] = []
        self._patient: dict[asyncio.Timeout, None] = {}
        self._tried = asyncio.Event()
        self._back = asyncio.Event()
        self.problem = "the Docker engine has not been looked for yet"

    @property
    def available(self) -> bool:
        """Whether calls are possible; if not, `problem` says why and what to do."""
        return self._connection is not None

    @property
    def is_known(self) -> bool:
        """Whether the engine was looked for at least once."""
        return self._tried.is_set()

    @property
    def connection(self) -> Connection:
        """Raises EngineUnavailable."""
        if self._connection is None:
            raise EngineUnavailable(self.problem)
        return self._connection

    @property
    def host(self) -> HostSize:
        """What the engine's host has. Raises EngineUnavailable."""
        return self.connection.host

    def on_change(self, listener: Callable[[bool], None]) -> None:
        """Register who hears, on the loop, that the engine came or went."""
        self._on_change.append(listener)

    def on_event(self, listener: Callable[[Event], None]) -> None:
        """Register who hears of containers and images, on the loop, in the engine's order."""
        self._on_event.append(listener)

    def open(self) -> None:
        """Begin to look for the engine; does not wait for it."""
        self._tasks.spawn(self._follow(), name="follow")

    async def close(self) -> None:
        """Let go of the engine; containers are not touched."""
        await self._tasks.close()
        self.problem = "kfsim is shutting down"
        self._set(None, self.problem)
        self._threads.close()

    async def settle(self, patience: float) -> bool:
        """Wait for the outcome of the first connection attempt; whether there is an engine."""
        try:
            async with asyncio.timeout(patience):
                await self._tried.wait()
        except TimeoutError:
            pass  # it is looked for further
        return self.available

    async def until_available(self) -> None:
        """Wait until calls are possible."""
        await self._back.wait()

    async def wait_for(self, event: asyncio.Event) -> None:
        """Wait for something that the engine's events bring about. Raises EngineUnavailable as
        soon as they cannot."""
        if not self.available:
            raise EngineUnavailable(self.problem)
        scope = asyncio.timeout(None)
        try:
            async with scope:
                self._patient[scope] = None
                await event.wait()
        except TimeoutError:
            raise EngineUnavailable(self.problem) from None
        finally:
            self._patient.pop(scope, None)

    async def call(
        self,
        what: str,
        function: Callable[[Client], T],
        *,
        timeout: float = 30.0,
        undo: Callable[[Client, T], object] | None = None,
    ) -> T:
        """Run the function in a call thread; `what` completes "asked to …" in messages.

        Raises EngineUnavailable and EngineRefused. When nobody waits any more (the timeout in
        seconds, a cancellation) and the call ends well after all, `undo` undoes it.
        """
        connection = self.connection
        call = Call(what, function, connection=connection, timeout=timeout, undo=undo)
        self._threads.submit(call)
        try:
            async with asyncio.timeout(timeout):
                return await call.future
        except (TimeoutError, asyncio.CancelledError) as error:
            self._give_up(call)
            if isinstance(error, asyncio.CancelledError):
                raise
            raise EngineUnavailable(
                f"the Docker engine at {connection.where} did not answer within {timeout:g} s "
                f"while asked to {what}; it is overloaded or hangs"
            ) from None
        except Exception as error:
            self._raise_translated(error, what, connection)
            raise

    def _give_up(self, call: Call[Any]) -> None:
        remedy = call.abandon()
        if remedy is not None:
            undo = Call(
                f"undo {call.what}",
                remedy,
                connection=call.connection,
                timeout=call.timeout,
                undo=None,
            )
            undo.future.add_done_callback(_log_failed_undo)
            self._threads.submit(undo)

    async def stream(
        self, function: Callable[[Client], Iterable[T]], *, what: str = "stream"
    ) -> AsyncGenerator[T, None]:
        """The items of a blocking generator, read in a thread of its own. Raises EngineUnavailable
        and EngineRefused; close the iterator to stop early."""
        connection = self.connection
        clients: list[Client] = []

        def begin() -> Iterable[T]:
            clients.append(connection.make_client())
            return function(clients[0])

        def dispose() -> None:
            for client in clients:
                client.close()

        items = Pump(begin, name=f"docker-{what}", dispose=dispose).read()
        try:
            async for item in items:
                yield item
        except Exception as error:
            self._raise_translated(error, what, connection)
            raise
        finally:
            await items.aclose()

    def _raise_translated(self, error: Exception, what: str, connection: Connection) -> None:
        translated, lost = translate(error, what, connection.where)
        if lost and connection is self._connection and self._watch is not None:
            self._set(None, str(translated))
            self._watch.stop()
        if translated is not None:
            raise translated from error

    # The connection

    async def _follow(self) -> None:
        delay = _FIRST_DELAY
        while True:
            try:
                connection = await self._connect()
                delay = _FIRST_DELAY
                await self._listen(connection)
            except EngineUnavailable as error:
                self._set(None, error.message)
            self._tried.set()
            await asyncio.sleep(delay)
            delay = min(2 * delay, _LONGEST_DELAY)

    async def _connect(self) -> Connection:
        # Not one of the eight: they may all wait for an engine that hangs.
        async for connection in Pump(lambda: [connect(self._host)], name="docker-connect").read():
            return connection
        raise EngineUnavailable(self.problem)

    async def _listen(self, connection: Connection) -> None:
        """Deliver events until the stream ends."""
        # From a moment ago, because the engine answers before it has subscribed.
        client = connection.make_client()
        self._watch = Pump(
            lambda: client.events(decode=True, filters=_EVENTS, since=connection.since),
            name="docker-events",
            dispose=client.close,
        )
        self._set(connection, "")
        self._tried.set()
        async for event in self._watch.read():
            for listener in self._on_event:
                listener(event)
        if self.available:
            raise EngineUnavailable(
                f"the connection to the Docker engine at {connection.where} was lost; it is used "
                "again as soon as it is back"
            )

    def _set(self, connection: Connection | None, problem: str) -> None:
        before, self._connection = self._connection, connection
        changed = (before is None) is not (connection is None)
        if problem != self.problem and problem:
            _logger.warning("%s", problem)
        self.problem = problem
        if not changed:
            return
        if connection is None:
            self._back.clear()
            loop = asyncio.get_running_loop()
            for scope in tuple(self._patient):
                scope.reschedule(loop.time())
        else:
            self._back.set()
            _logger.info("the Docker engine at %s is used", connection.where)
        for listener in self._on_change:
            listener(connection is not None)


def _log_failed_undo(future: asyncio.Future[Any]) -> None:
    if not future.cancelled() and (error := future.exception()) is not None:
        _logger.error("an abandoned call to the Docker engine is not undone: %s", error)
