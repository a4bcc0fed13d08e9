"""Locks between processes: files that the kernel locks, and frees when their holder ends."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


class Locks:
    """Named locks of everyone who uses the same folder. Waits; never for the loop."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextlib.contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Hold the lock alone, once nobody else does."""
        descriptor = self._open(name)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def attempt(self, name: str) -> Iterator[bool]:
        """Hold the lock alone if nobody else does: gives whether it is held."""
        descriptor = self._open(name)
        try:
            yield _take_at_once(descriptor)
        finally:
            os.close(descriptor)

    def share(self, name: str) -> int:
        """A descriptor that keeps others from holding the lock alone, until it is closed."""
        descriptor = self._open(name)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        return descriptor

    def _open(self, name: str) -> int:
        return os.open(self._folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _take_at_once(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
