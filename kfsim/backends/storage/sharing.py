"""One piece of work per key at a time, shared by all who ask for it while it lasts.

It ends early when nobody waits for it any more; who asks after that begins another.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from kfsim.backends.storage.failures import StorageFailure
from kfsim.backends.storage.jobs import Progress
from kfsim.base.tasks import TaskSet

_T = TypeVar("_T")
Work = Callable[[Progress], Awaitable[_T]]


@dataclass(slots=True, eq=False)
class _Shared(Generic[_T]):
    """`task` gives a failure as its result: it belongs to all who wait, and is no fault of the
    task."""

    listeners: list[Progress] = field(default_factory=list)
    waiting: int = 0
    moved: tuple[int, int | None] = (0, None)
    task: "asyncio.Task[_T | StorageFailure] | None" = None

    def progress(self, current: int, total: int | None) -> None:
        self.moved = (current, total)
        for each in self.listeners:
            each(current, total)


class SharedWork(Generic[_T]):
    """Runs work once for all who ask for the same key."""

    def __init__(self, name: str) -> None:
        self._tasks = TaskSet(name)
        self._shared: dict[str, _Shared[_T]] = {}

    async def get(self, key: str, work: Work[_T], *, name: str, progress: Progress | None) -> _T:
        """What the work of this key gives; `progress` hears of it from now on, `name` shows in
        logs. Raises StorageFailure; may be cancelled."""
        shared = self._shared.get(key)
        if shared is None:
            shared = self._shared[key] = _Shared()
            shared.task = self._tasks.spawn(self._run(key, shared, work), name=name)
        assert shared.task is not None
        shared.waiting += 1
        if progress is not None:
            shared.listeners.append(progress)
        try:
            result = await asyncio.shield(shared.task)
        finally:
            shared.waiting -= 1
            if progress is not None:
                shared.listeners.remove(progress)
            if not shared.waiting and not shared.task.done():
                self._forget(key, shared)
                shared.task.cancel()
                await asyncio.gather(shared.task, return_exceptions=True)
        if isinstance(result, StorageFailure):
            raise StorageFailure(str(result)) from result
        return result

    def moved(self) -> dict[str, tuple[int, int | None]]:
        """How far each piece of work is: bytes, and of how many where that is known."""
        return {key: shared.moved for key, shared in self._shared.items()}

    async def close(self) -> None:
        """End all work."""
        await self._tasks.close()

    async def _run(self, key: str, shared: _Shared[_T], work: Work[_T]) -> _T | StorageFailure:
        try:
            return await work(shared.progress)
        except StorageFailure as failure:
            return failure
        finally:
            self._forget(key, shared)

    def _forget(self, key: str, shared: _Shared[_T]) -> None:
        if self._shared.get(key) is shared:
            del self._shared[key]
