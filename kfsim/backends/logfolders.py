"""The log folders of all replicas: `NAMESPACE_POD/CONTAINER.ATTEMPT.log` below one root.

They outlive their replica, so that the log of one that crashed or was scaled away can still be
read, and the oldest are removed when there are many.
"""

import asyncio
import re
import shutil
from collections import deque
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from kfsim.backends.logs import LogReader
from kfsim.base.errors import NotFound
from kfsim.base.types import ReplicaKey
from kfsim.replicas.backend import LogOptions

_POLL_SECONDS = 0.1
_ATTEMPT = re.compile(r"(.+)\.(\d+)\.log")


class LogFolders:
    """Finds, reads and prunes logs."""

    def __init__(self, root: Path, *, kept: int) -> None:
        self.root = root
        self._kept = kept

    def renew(self, key: ReplicaKey) -> Path:
        """The empty log folder for a new replica."""
        folder = self.folder(key)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def folder(self, key: ReplicaKey) -> Path:
        """The log folder of a replica, whether or not there is one."""
        return self.root / f"{key.namespace}_{key.name}"

    def find(self, key: ReplicaKey, container: str, *, previous: bool) -> Path:
        """The file of a container's latest attempt, or of the one before. Raises NotFound."""
        attempts = self._attempts(self.folder(key), container)
        if not attempts:
            what = f"container {container} of replica {key}" if container else f"replica {key}"
            raise NotFound(f"there is no log of {what}: it was never started")
        if previous and len(attempts) < 2:
            raise NotFound(f"previous terminated container {container!r} in pod {key} not found")
        return attempts[-2 if previous else -1]

    def _attempts(self, folder: Path, container: str) -> list[Path]:
        found: dict[str, list[tuple[int, Path]]] = {}
        for path in sorted(folder.glob("*.log")):
            match = _ATTEMPT.fullmatch(path.name)
            if match is not None and (not container or match[1] == container):
                found.setdefault(match[1], []).append((int(match[2]), path))
        first = next(iter(found.values()), [])
        return [path for _, path in sorted(first)]

    async def read(
        self, path: Path, options: LogOptions, *, is_written: Callable[[], bool]
    ) -> AsyncIterator[bytes]:
        """The stored lines, then, with follow, new ones for as long as the attempt runs."""
        reader = LogReader(path, timestamps=options.timestamps)
        try:
            written = is_written()
            lines = await asyncio.to_thread(reader.read_history)
            if options.tail_lines is not None:
                lines = list(deque(lines, maxlen=max(0, options.tail_lines)))
            for line in lines:
                yield line
            while options.follow and written:
                await asyncio.sleep(_POLL_SECONDS)
                written = is_written()
                for line in await asyncio.to_thread(reader.read_more):
                    yield line
        finally:
            reader.close()

    def prune(self) -> None:
        """Remove the oldest folders beyond the number to keep."""
        folders = [each for each in self.root.iterdir() if each.is_dir()]
        if len(folders) <= self._kept:
            return
        dated: list[tuple[float, Path]] = []
        for folder in folders:
            try:
                newest = max(each.stat().st_mtime for each in (folder, *folder.iterdir()))
            except FileNotFoundError:
                continue  # removed meanwhile
            dated.append((newest, folder))
        for _, folder in sorted(dated)[: len(dated) - self._kept]:
            shutil.rmtree(folder, ignore_errors=True)
