"""The content-addressed cache of models on disk, shared by all daemons of a user.

    objects/DIGEST/tree        a model: sealed, never changed
    objects/DIGEST/about.json  its size, and the epoch in which its content was last known good
    index/KEY.json             what a source gave last: digest and validators (KEY hashes the URI)
    tmp/KEY/                   what is being made of that source
    lock/…                     held while a source is worked on, an object moved, or an object used

An object appears by a rename and is whole from then on, as long as the host runs: a killed worker
leaves only its folder in `tmp`, which the next one removes. After a crash of the host (another
epoch) the content is read again before its first use.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kfsim.backends.storage.locks import Locks
from kfsim.backends.storage.trees import TreeSummary, remove_tree, seal_tree, summarize_tree

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_FOLDERS: Final = ("objects", "index", "tmp", "lock")


def current_epoch() -> str:
    """A text that differs when the host may have crashed in between: the boot, where the system
    tells, else this call."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return os.urandom(8).hex()


def source_key(source: str) -> str:
    """The name of a source in the cache; gives nothing of it away."""
    return hashlib.sha256(os.fsencode(source)).hexdigest()


@dataclass(frozen=True, slots=True)
class Known:
    """What a source gave last. `validators` are the source's own: it compares them."""

    digest: str
    validators: Mapping[str, Any]


class Cache:
    """One cache folder. All methods may touch the disk and wait for locks: never on the loop."""

    def __init__(self, root: Path, *, epoch: str) -> None:
        self._root = root
        self._epoch = epoch
        self._locks = Locks(root / "lock")

    def open(self) -> None:
        """Make the folders and remove what ended workers left. Raises OSError."""
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._root.chmod(0o700)
        for name in _FOLDERS:
            (self._root / name).mkdir(mode=0o700, exist_ok=True)
        for left in sorted((self._root / "tmp").iterdir()):
            with self._locks.attempt(left.name) as mine:
                if mine:
                    remove_tree(left)

    @contextlib.contextmanager
    def working_on(self, key: str) -> Iterator[Path]:
        """An empty folder to make something of the source in; others who work on the same source
        wait, in whatever process they are."""
        folder = self._root / "tmp" / key
        with self._locks.hold(key):
            remove_tree(folder)
            folder.mkdir(mode=0o700)
            try:
                yield folder
            finally:
                remove_tree(folder)

    def recall(self, key: str) -> Known | None:
        """What the source gave last, if that is still there and undamaged."""
        known = self._read_index(key)
        if known is None:
            return None
        with self._locks.hold(known.digest):
            return known if self._is_whole(known.digest) else None

    def remember(self, key: str, known: Known, *, source: str) -> None:
        """Note what the source gave; `source` is its text for people, without secrets."""
        entry = {"digest": known.digest, "validators": known.validators, "source": source}
        self._write(self._root / "index" / f"{key}.json", entry)

    def publish(self, work: Path, tree: Path) -> str:
        """Seal the tree, which lies in the work folder, and make it an object: its digest."""
        summary = summarize_tree(tree)
        seal_tree(tree)
        made = work / "object"
        made.mkdir(mode=0o700)
        tree.chmod(0o700)  # a folder without write permission cannot be moved
        tree.rename(made / "tree")
        (made / "tree").chmod(0o555)
        self._write_about(made, summary)
        with self._locks.hold(summary.digest):
            if not self._is_whole(summary.digest):
                made.rename(self._object(summary.digest))
        return summary.digest

    def tree(self, digest: str) -> Path:
        """The folder with the model's files."""
        return self._object(digest) / "tree"

    def digest_of(self, folder: Path) -> str | None:
        """The object whose tree the folder is, if there is such an object."""
        digest = folder.parent.name
        return digest if folder == self.tree(digest) and folder.is_dir() else None

    def hold(self, digest: str) -> int:
        """A descriptor that keeps the object from being pruned until it is closed."""
        return self._locks.share(f"used-{digest}")

    def size(self) -> int:
        """Bytes of all models."""
        return sum(self._about(each).get("bytes", 0) for each in self._objects())

    def prune(self, *, unused_since: float) -> int:
        """Remove what nobody holds and nobody asked for since then (Unix seconds): the bytes."""
        freed = 0
        for each in self._objects():
            with self._locks.attempt(f"used-{each.name}") as unused, self._locks.hold(each.name):
                about = each / "about.json"
                if unused and (not about.exists() or about.stat().st_mtime < unused_since):
                    freed += self._about(each).get("bytes", 0)
                    remove_tree(each)
        for entry in sorted((self._root / "index").glob("*.json")):
            with self._locks.attempt(entry.stem) as mine:
                known = self._read_index(entry.stem)
                if mine and (known is None or not self.tree(known.digest).is_dir()):
                    entry.unlink()
        return freed

    def _read_index(self, key: str) -> Known | None:
        try:
            entry = json.loads((self._root / "index" / f"{key}.json").read_text())
            return Known(entry["digest"], entry["validators"])
        except (OSError, ValueError, KeyError, TypeError):
            return None  # never fetched, or not to be read: it is fetched again

    def _objects(self) -> list[Path]:
        folder = self._root / "objects"
        return sorted(folder.iterdir()) if folder.is_dir() else []

    def _object(self, digest: str) -> Path:
        return self._root / "objects" / digest

    def _is_whole(self, digest: str) -> bool:
        """Whether the object can be used; a damaged one is removed. Marks it as used now."""
        folder = self._object(digest)
        about = self._about(folder)
        if not (folder / "tree").is_dir():
            remove_tree(folder)
            return False
        if about.get("epoch") == self._epoch:
            os.utime(folder / "about.json")
            return True
        try:
            summary = summarize_tree(folder / "tree")
        except OSError:
            summary = None
        if summary is None or summary.digest != digest:
            remove_tree(folder)
            return False
        self._write_about(folder, summary)
        return True

    def _about(self, folder: Path) -> dict[str, Any]:
        try:
            about: dict[str, Any] = json.loads((folder / "about.json").read_text())
        except (OSError, ValueError):
            return {}
        return about

    def _write_about(self, folder: Path, summary: TreeSummary) -> None:
        about = {"bytes": summary.bytes, "files": summary.files, "epoch": self._epoch}
        self._write(folder / "about.json", about)

    def _write(self, path: Path, content: Mapping[str, Any]) -> None:
        new = path.with_suffix(f".{os.getpid()}")
        new.write_text(json.dumps(content))
        new.replace(path)
