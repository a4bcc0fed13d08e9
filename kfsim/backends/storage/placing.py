"""A replica's own view of its models: links where links lead somewhere, else files.

read-only, host links:  VIEW/FOLDER/NAME → the source's NAME (symbolic links)
read-only, container:   the source's files under second names (hard links), or copies, as where the
                        source is private to its owner: the container's user is another
writable:               copies, so that the source never changes
"""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from kfsim.backends.storage.copying import copy_file
from kfsim.backends.storage.failures import StorageFailure
from kfsim.backends.storage.trees import remove_tree

Report = Callable[[int, int | None], None]
# As an emptyDir, which is what the view stands for: any user of a container may write to it. The
# folder around it keeps this host's other users out.
_WRITABLE_FOLDER: Final = 0o777
_READABLE_FOLDER: Final = 0o755


def make_view(view: Path, *, writable: bool) -> None:
    """An empty folder in place of what an earlier start left. Raises OSError."""
    remove_tree(view)
    view.mkdir(mode=0o700, parents=True)
    view.chmod(_WRITABLE_FOLDER if writable else _READABLE_FOLDER)


def leads_out(folder: Path) -> bool:
    """Whether a link below the folder leads elsewhere, or by way of an absolute path: in a
    container it would lead nowhere. Raises OSError."""
    root = folder.resolve()
    for parent, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(parent, name)
            if path.is_symlink() and not _stays(path, root):
                return True
    return False


def is_private(folder: Path) -> bool:
    """Whether something in the folder, or it itself, cannot be read by every user: a container's
    user is seldom ours. Raises OSError."""
    if not _is_open(folder):
        return True
    return any(
        not _is_open(Path(parent, name))
        for parent, folders, files in os.walk(folder)
        for name in (*folders, *files)
    )


def _is_open(path: Path) -> bool:
    mode = path.stat().st_mode if path.exists() else _WRITABLE_FOLDER  # a dangling link
    wanted = stat.S_IROTH | (stat.S_IXOTH if stat.S_ISDIR(mode) else 0)
    return mode & wanted == wanted


def _stays(link: Path, root: Path) -> bool:
    """Whether the link is relative, never climbs above the root, and ends below it."""
    written = os.readlink(link)
    depth = len(link.parent.relative_to(root).parts)
    for part in written.split("/"):
        depth += -1 if part == ".." else part not in ("", ".")
        if depth < 0:
            return False
    return not written.startswith("/") and link.resolve().is_relative_to(root)


def link_place(source: Path, view: Path, folder: str) -> None:
    """Make symbolic links in the view's folder to the source, or to all that it holds.

    Raises StorageFailure and OSError.
    """
    target = view / folder
    target.mkdir(mode=_READABLE_FOLDER, parents=True, exist_ok=True)
    for each in sorted(source.iterdir()) if source.is_dir() else [source]:
        link = target / each.name
        if link.is_dir() and not link.is_symlink():
            raise StorageFailure(
                f"cannot provide the model {source}: another source has the folder {each.name} in "
                "the same place; give each a mountPath of its own"
            )
        link.unlink(missing_ok=True)
        link.symlink_to(each.resolve())


def copy_place(source: Path, view: Path, folder: str, *, writable: bool, report: Report) -> None:
    """Put the source's files in the view's folder: as second names of the same files where nobody
    may write to them and everybody may read them, else as copies that everybody may read. Links
    are followed. Raises OSError."""
    total = sum(_size(origin) for origin, _ in _walk(source))
    current = 0
    for origin, name in _walk(source):
        target = view / folder / name
        _make_folders(target if origin.is_dir() else target.parent, view, writable=writable)
        if origin.is_dir():
            continue
        target.unlink(missing_ok=True)
        if writable or not _is_open(origin) or not _link(origin, target):
            copy_file(origin, target, writable=writable)
        current += _size(origin)
        report(current, max(total, current))


def _walk(source: Path) -> Iterator[tuple[Path, Path]]:
    """Files and folders of a source, each with its place in a view; folders come first."""
    if not source.is_dir():
        yield source, Path(source.name)
        return
    waiting = [(source, Path(), frozenset({source.resolve()}))]
    while waiting:
        folder, name, above = waiting.pop()
        yield folder, name
        for each in sorted(folder.iterdir()):
            real = each.resolve()
            if each.is_file():
                yield each, name / each.name
            elif each.is_dir() and real not in above:  # a link in a circle ends here
                waiting.append((each, name / each.name, above | {real}))


def _size(origin: Path) -> int:
    return origin.stat().st_size if origin.is_file() else 0


def _make_folders(folder: Path, view: Path, *, writable: bool) -> None:
    if folder == view or folder.is_dir():
        return
    _make_folders(folder.parent, view, writable=writable)
    folder.mkdir()
    folder.chmod(_WRITABLE_FOLDER if writable else _READABLE_FOLDER)


def _link(origin: Path, target: Path) -> bool:
    try:
        os.link(origin.resolve(), target)
    except OSError:  # another file system, or another user's file: it is copied
        return False
    return True
