"""Folders with a file system of their own, which a test may fill or make read-only."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Disk:
    """A small file system that is mounted at `folder`."""

    folder: Path

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"

    def fill(self) -> None:
        """Take all that is left."""
        with self._ballast.open("ab", buffering=0) as file:
            for size in (4096, 1):
                try:
                    while True:
                        file.write(b"x" * size)
                except OSError:
                    continue

    def empty(self) -> None:
        """Give back what `fill` took."""
        self._ballast.unlink()

    def set_writable(self, writable: bool) -> None:
        _mount("-o", "remount,rw" if writable else "remount,ro", str(self.folder))


@contextmanager
def small_disk(folder: Path, *, megabytes: int = 2) -> Iterator[Disk]:
    """A disk in memory; skips where the user may not mount, which fails in CI."""
    folder.mkdir()
    options = f"size={megabytes}m,mode=700,uid={os.getuid()},gid={os.getgid()}"
    if problem := _mount("-t", "tmpfs", "-o", options, "kfsim-test", str(folder)):
        if os.environ.get("CI"):
            pytest.fail(f"no disk can be mounted in CI: {problem}")
        pytest.skip(f"mounting needs root or sudo without a password: {problem}")
    try:
        yield Disk(folder)
    finally:
        # Lazily: what still runs of a test that failed must not keep the disk mounted.
        subprocess.run([*_privileged(), "umount", "--lazy", str(folder)], check=True)


def _mount(*words: str) -> str:
    """Returns the problem, if there is one."""
    try:
        done = subprocess.run(
            [*_privileged(), "mount", *words], capture_output=True, text=True, check=False
        )
    except OSError as error:
        return str(error)
    return done.stderr if done.returncode else ""


def _privileged() -> list[str]:
    return [] if os.getuid() == 0 or not shutil.which("sudo") else ["sudo", "--non-interactive"]
