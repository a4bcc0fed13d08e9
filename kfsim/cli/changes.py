"""When what some paths hold changes, as told by the file system.

A file is replaced by most editors, not written, and a watch of a file is of the one that was there:
it begins anew after each change. So it does for a folder that went and came again, and when
kustomizations come to use other folders.
"""

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watchfiles.main import FileChange

from kfsim.cli.manifests import find_watched

Stamps = dict[str, tuple[int, int, int]]


def watch_paths(paths: Sequence[str], *, every: int) -> Iterator[bool]:
    """At each change, and at least `every` milliseconds: whether something changed.

    The first time is a change, as much may have happened since the paths were read.
    """
    from watchfiles import watch  # imported late: only the foreground needs it

    seen: Stamps | None = None
    while True:
        given, watched = _existing(paths), _existing(find_watched(paths))
        folders = _identify_folders(watched)
        for changes in watch(
            *watched, rust_timeout=every, yield_on_timeout=True, raise_interrupt=True
        ):
            stamps = _stamp(watched)
            yield bool(changes) or stamps != seen
            seen = stamps
            if (
                _existing(paths) != given
                or _identify_folders(watched) != folders
                or _have_gone(watched, changes)
                or (changes and _must_begin_anew(paths, watched))
            ):
                break
        if not all(map(os.path.isfile, watched)):
            seen = None  # of folders it is not known what changed between two watches


def _must_begin_anew(paths: Sequence[str], watched: list[str]) -> bool:
    return any(map(os.path.isfile, watched)) or _existing(find_watched(paths)) != watched


def _existing(paths: Sequence[str]) -> list[str]:
    return [path for path in paths if os.path.exists(path)]


def _identify_folders(watched: Sequence[str]) -> dict[str, int]:
    """Inode numbers; that one was given to the next folder at once is known by `_have_gone`."""
    found = {}
    for path in watched:
        try:
            found[path] = os.stat(path).st_ino
        except OSError:
            continue  # gone just now, which shows as a difference
    return {path: number for path, number in found.items() if os.path.isdir(path)}


def _have_gone(watched: Sequence[str], changes: "set[FileChange]") -> bool:
    roots = set(map(os.path.abspath, watched))
    return any(
        change.name == "deleted" and os.path.abspath(path) in roots for change, path in changes
    )


def _stamp(watched: Sequence[str]) -> Stamps:
    """Of the files among them, what differs for another file of the name."""
    stamps = {}
    for path in watched:
        try:
            found = os.stat(path)
        except OSError:
            continue
        if os.path.isfile(path):
            stamps[path] = (found.st_ino, found.st_mtime_ns, found.st_size)
    return stamps
