"""Folders as content: one digest for all names and bytes, sealed against change."""

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kfsim.backends.storage.failures import StorageFailure

_SEALED_FOLDER = 0o555
_SEALED_FILE = 0o444
_ANY_EXECUTE = 0o111


@dataclass(frozen=True, slots=True)
class TreeSummary:
    """`digest` is a sha256 in hex over the sorted paths, kinds, execute bits and contents."""

    digest: str
    files: int
    bytes: int


def summarize_tree(root: Path) -> TreeSummary:
    """Read everything below the folder. Raises OSError, and StorageFailure for what is no file,
    folder or link."""
    whole = hashlib.sha256()
    files = total = 0
    for path, entry in walk_tree(root):
        mode = entry.st_mode
        if stat.S_ISDIR(mode):
            line = b"d"
        elif stat.S_ISLNK(mode):
            line = b"l" + os.fsencode(os.readlink(path))
        elif stat.S_ISREG(mode):
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").digest()
            line = (b"x" if mode & stat.S_IXUSR else b"f") + content
            files += 1
            total += entry.st_size
        else:
            raise StorageFailure(f"{path.name} is neither a file nor a folder nor a link")
        name = os.fsencode(path.relative_to(root))
        for part in (name, line):  # with lengths, so that no two trees read the same
            whole.update(len(part).to_bytes(8, "big") + part)
    return TreeSummary(whole.hexdigest(), files, total)


def walk_tree(root: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Everything below the folder, sorted, folders before what they hold; links are not followed.
    A folder may be removed or its mode changed once it was given. Raises OSError."""
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        names = sorted(os.listdir(folder))
        for name in names:
            path = folder / name
            entry = path.lstat()
            if stat.S_ISDIR(entry.st_mode):
                waiting.append(path)
            yield path, entry


def seal_tree(root: Path) -> None:
    """Take away every write permission; setuid, setgid and sticky bits go with it."""
    for path, entry in walk_tree(root):
        if stat.S_ISREG(entry.st_mode):
            executable = _ANY_EXECUTE if entry.st_mode & stat.S_IXUSR else 0
            path.chmod(_SEALED_FILE | executable)
        elif stat.S_ISDIR(entry.st_mode):
            path.chmod(_SEALED_FOLDER)
    root.chmod(_SEALED_FOLDER)


def remove_tree(root: Path) -> None:
    """Remove a folder, a sealed one too; that it is not there is fine. Raises OSError."""
    if not os.path.lexists(root):
        return
    root.chmod(0o700)
    for path, entry in walk_tree(root):
        if stat.S_ISDIR(entry.st_mode):
            path.chmod(0o700)
    shutil.rmtree(root)
