"""The one thread of the store: it waits for the disk so that the event loop need not.

The project keeps threads to the replica backends; this is the exception, because a commit blocks
for as long as the disk likes. It is confined here: the loop adds to a dict under a lock, the
thread takes the whole dict and hands it to `write`, and tells the loop. While one batch is being
written the next one gathers, so the number of commits follows the disk and not the number of
writes. What `write` refuses stays in the next batch and is tried again each second.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from kfsim.base.errors import Unavailable
from kfsim.store.journal import Change, ObjectKey

_logger = logging.getLogger(__name__)
_RETRY_SECONDS: Final = 1.0


@dataclass(slots=True)
class Batch:
    """What one commit writes: the latest change of each object, and the reserved block's end."""

    changes: dict[ObjectKey, Change] = field(default_factory=dict)
    reserved: int = 0
    version: int = 0

    def add(self, change: Change) -> None:
        self.changes[change.key] = change
        self.version = change.version

    def put_under(self, older: "Batch") -> None:
        """Take in what a refused batch held and nobody wrote again since."""
        self.changes = {**older.changes, **self.changes}
        self.reserved = max(self.reserved, older.reserved)
        self.version = max(self.version, older.version)

    def __bool__(self) -> bool:
        return bool(self.changes or self.reserved)


class CommitThread:
    """Runs `write(batch)` on its own thread; `write` raises Unavailable when the medium refuses."""

    def __init__(self, write: Callable[[Batch], None], *, name: str, reserved: int = 0) -> None:
        self._write = write
        self._condition = threading.Condition()
        self._pending = Batch()
        self._stopping = False
        self._asked = False  # somebody waits who may have missed the last report
        self._added = 0  # version of the latest change, the loop's own
        self._done = 0  # version up to which all is durable, the loop's own
        self._refusing = False
        self._waiters: dict[asyncio.Future[None], int] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self.reserved = reserved  # written by the thread, read by the loop
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def add(self, change: Change) -> None:
        self._added = change.version
        with self._condition:
            self._pending.add(change)
            self._condition.notify()

    def reserve(self, until: int) -> None:
        with self._condition:
            self._pending.reserved = max(self._pending.reserved, until)
            self._condition.notify()

    async def committed(self, version: int) -> None:
        """Return once all changes up to `version` are durable. Raises Unavailable."""
        version = min(version, self._added)
        self._loop = asyncio.get_running_loop()
        if version <= self._done:
            return
        waiter: asyncio.Future[None] = self._loop.create_future()
        self._waiters[waiter] = version
        with self._condition:  # the thread may have written it before it knew this loop
            self._asked = True
            self._condition.notify()
        try:
            await waiter
        finally:
            self._waiters.pop(waiter, None)

    async def stop(self) -> None:
        """Write what is pending, once more if it was refused, and end the thread."""
        self._loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = self._loop.create_future()
        self._waiters[ended] = -1
        with self._condition:
            self._stopping = True
            self._condition.notify()
        await ended
        self._thread.join()

    # On the thread

    def _run(self) -> None:
        done = 0
        while True:
            batch, stopping = self._take()
            error: Unavailable | None = None
            if batch:
                error = self._try(batch)
            if error is None:
                done = max(done, batch.version)
                self.reserved = max(self.reserved, batch.reserved)
            self._tell(done, error, ended=stopping)
            if stopping:
                return
            if error is not None:
                with self._condition:
                    self._pending.put_under(batch)
                    self._condition.wait_for(lambda: self._stopping, _RETRY_SECONDS)

    def _take(self) -> tuple[Batch, bool]:
        with self._condition:
            self._condition.wait_for(lambda: self._pending or self._asked or self._stopping)
            self._asked = False
            pending = self._pending
            if pending.reserved and pending.changes and not self._stopping:
                # First and alone: writes fail when a block comes late, and a batch may be long.
                block, pending.reserved = pending.reserved, 0
                return Batch(reserved=block), False
            self._pending = Batch()
            return pending, self._stopping

    def _try(self, batch: Batch) -> Unavailable | None:
        try:
            self._write(batch)
        except Unavailable as error:
            return error
        except Exception as error:  # a loop's top: the thread must survive to try again
            _logger.exception("writing the journal failed")
            return Unavailable(f"the journal cannot be written: {error}")
        return None

    def _tell(self, done: int, error: Unavailable | None, *, ended: bool) -> None:
        loop = self._loop
        if loop is None:
            return
        try:
            loop.call_soon_threadsafe(self._on_written, done, error, ended)
        except RuntimeError:
            pass  # the loop was closed without close(): nobody is left who waits

    # On the loop

    def _on_written(self, done: int, error: Unavailable | None, ended: bool) -> None:
        self._done = max(self._done, done)
        if error is not None and not self._refusing:
            _logger.error("%s; trying again each second", error)
        elif error is None and self._refusing:
            _logger.info("the journal can be written again")
        self._refusing = error is not None
        for waiter, version in tuple(self._waiters.items()):
            if waiter.done():
                continue
            if version < 0:
                if ended:
                    waiter.set_result(None)
            elif version <= self._done:
                waiter.set_result(None)
            elif error is not None:
                waiter.set_exception(error)
