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

    def __init__(self, opener: Callable[[], Iterable[T]], *, name: str) -> None:
        self._opener = opener
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
            source, self._source = self._source, None
        self._room.release()
        _close(source)

    def _work(self) -> None:
        error: Exception | None = None
        try:
            source = self._opener()
            with self._lock:
                stopped = self._stopped
                # A plain generator cannot be closed by another thread while it runs.
                self._source = source if type(source).__name__ == "CancellableStream" else None
            if stopped:
                _close(source)
                return
            for item in source:
                self._room.acquire()
                if self._stopped:
                    break
                self._tell(item)
        except Exception as raised:  # noqa: BLE001  # it goes to the reader
            error = raised
        self._tell(_End(error))

    def _tell(self, item: T | _End) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody reads any more
            self._loop.call_soon_threadsafe(self._items.put_nowait, item)


def _close(source: Any) -> None:
    close = getattr(source, "close", None)
    if close is not None:
        # closed by the engine already, or by its own end
        with contextlib.suppress(OSError, ValueError, AttributeError):
            close()
