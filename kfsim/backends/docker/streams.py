"""A blocking generator of the `docker` package as an asynchronous one.

Each has a thread of its own (followed logs may last for days), which reads ahead by a bounded
number of items and ends when the reader stops.
"""

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")
_READ_AHEAD = 64


@dataclass(frozen=True, slots=True)
class _End:
    error: Exception | None


class Pump(Generic[T]):
    """One generator, from its opening to its end."""

    def __init__(
        self,
        opener: Callable[[], Iterable[T]],
        *,
        name: str,
        dispose: Callable[[], None] = lambda: None,
    ) -> None:
        """The thread calls `opener` first and `dispose` last."""
        self._opener = opener
        self._dispose = dispose
        self._loop = asyncio.get_running_loop()
        self._items: asyncio.Queue[T | _End] = asyncio.Queue()
        self._room = threading.Semaphore(_READ_AHEAD)
        self._lock = threading.Lock()
        self._stopped = False
        self._source: Any = None
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    async def read(self) -> AsyncGenerator[T, None]:
        """The items. Raises what the generator raised."""
        self._thread.start()
        try:
            while True:
                item = await self._items.get()
                if isinstance(item, _End):
                    if item.error is not None:
                        raise item.error
                    return
                self._room.release()
                yield item
        finally:
            self.stop()

    def stop(self) -> None:
        """Make the thread end, also one that waits for the engine."""
        with self._lock:
            self._stopped = True
            if self._source is not None:
                _interrupt(self._source)
        self._room.release()

    def _work(self) -> None:
        error: Exception | None = None
        try:
            source = self._opener()
            with self._lock:
                self._source = source
            for item in () if self._stopped else source:
                self._room.acquire()
                if self._stopped:
                    break
                self._tell(item)
        except Exception as raised:  # noqa: BLE001  # it goes to the reader
            error = raised
        with self._lock:
            source, self._source = self._source, None
        _close(source)
        self._dispose()
        self._tell(_End(error))

    def _tell(self, item: T | _End) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody reads any more
            self._loop.call_soon_threadsafe(self._items.put_nowait, item)


def _interrupt(source: Any) -> None:
    """Wake the thread that reads it. A plain generator cannot be closed while it runs."""
    if type(source).__name__ == "CancellableStream":
        _suppressed(source.close)


def _close(source: Any) -> None:
    """Free the connection; the package's own streams leave it to the garbage collector."""
    _interrupt(source)
    response = getattr(source, "_response", source)
    if hasattr(response, "close"):
        _suppressed(response.close)


def _suppressed(close: Callable[[], object]) -> None:
    # closed by the engine already, or by its own end
    with contextlib.suppress(OSError, ValueError, AttributeError):
        close()
