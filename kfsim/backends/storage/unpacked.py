"""The tree that an archive becomes, of which nothing is trusted.

Names may not leave the tree, links may not lead out of it, setuid bits are not taken over, and
counts and sizes are limited while unpacking, because declared sizes lie.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from kfsim.backends.storage.failures import StorageFailure
from kfsim.backends.storage.settings import ArchiveLimits

_CHUNK: Final = 2**20


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class UnpackedTree:
    """A tree in the making; counts what goes into it."""

    def __init__(self, root: Path, *, packed_bytes: int, limits: ArchiveLimits) -> None:
        self._root = root
        self._packed = packed_bytes
        self._limits = limits
        self._entries = 0
        self._bytes = 0

    def make_folder(self, name: str) -> None:
        """Raises StorageFailure."""
        path = self._entry(name)
        if path != self._root:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def write(self, name: str, source: _Readable, *, executable: bool = False) -> None:
        """Write a file; a later one of the same name replaces it. Raises StorageFailure."""
        path = self._new(name)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            while chunk := source.read(_CHUNK):
                self._count(len(chunk))
                file.write(chunk)
        if executable:
            path.chmod(0o700)

    def link_hard(self, name: str, target: str) -> None:
        """A second name for a file that the archive holds. Raises StorageFailure."""
        existing = self._inside(target)
        path = self._new(name)
        if not existing.is_file() or existing.is_symlink():
            raise hostile(name, f"is a hard link to {target!r}, which the archive does not hold")
        os.link(existing, path)

    def link_soft(self, links: Sequence[tuple[str, str]]) -> None:
        """Make links, name and target each, that lead to something inside; they may lead to each
        other. The last thing to do with a tree. Raises StorageFailure."""
        made: list[tuple[str, str, Path]] = []
        for name, target in links:
            if target.startswith("/") or not target:
                raise hostile(name, f"is a link to {target!r}, outside of the archive")
            path = self._new(name)
            path.symlink_to(target)
            made.append((name, target, path))
        root = self._root.resolve()
        for name, target, path in made:
            try:
                real = path.resolve(strict=True)
            except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle
                raise hostile(name, f"is a link to {target!r}, which leads nowhere") from error
            if not real.is_relative_to(root):
                raise hostile(name, f"is a link to {target!r}, outside of the archive")

    def _count(self, size: int) -> None:
        self._bytes += size
        if self._bytes > self._limits.unpacked_bytes:
            raise StorageFailure(
                f"it unpacks to more than {self._limits.unpacked_bytes} bytes, the most allowed"
            )
        if (
            self._bytes > self._limits.ratio_from
            and self._bytes > self._limits.ratio * self._packed
        ):
            raise StorageFailure(
                f"it unpacks to more than {self._limits.ratio} times its size, as archives do "
                "that are made to fill disks"
            )

    def _new(self, name: str) -> Path:
        """Where a file or link goes: its folder is there, and nothing of that name."""
        path = self._entry(name)
        if path == self._root:
            raise hostile(name, "names no file")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.is_symlink() or path.is_file():
            path.unlink()
        return path

    def _entry(self, name: str) -> Path:
        self._entries += 1
        if self._entries > self._limits.files:
            raise StorageFailure(f"it holds more than {self._limits.files} entries")
        return self._inside(name)

    def _inside(self, name: str) -> Path:
        """The place of a name in the tree; no folder on the way to it is a link."""
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if name.startswith("/") or ".." in parts or "\0" in name:
            raise hostile(name, "leaves the archive's folder")
        path = self._root
        for part in parts[:-1]:
            path = path / part
            if path.is_symlink():
                raise hostile(name, "goes through a link")
        return path / parts[-1] if parts else path


def hostile(name: str, why: str) -> StorageFailure:
    """Why an archive is refused for one of its entries."""
    return StorageFailure(f"its entry {name[:200]!r} {why}")
