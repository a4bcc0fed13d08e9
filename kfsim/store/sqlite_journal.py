"""A journal in one SQLite file.

Table `objects` holds the latest bytes of each object, `meta` the end of the reserved block of
resourceVersions. WAL with synchronous=NORMAL: a killed process loses nothing that was committed; a
power cut may lose the last moments but leaves a sound file (docs/decisions/0030). A torn tail of
the write-ahead log is dropped by SQLite's own checksums.
"""

import os
import sqlite3
from pathlib import Path
from typing import Final

from kfsim.base.errors import Unavailable
from kfsim.store.commit_thread import Batch, CommitThread
from kfsim.store.journal import Change, ObjectKey, Snapshot

_LAYOUT: Final = 1
_SCHEMA: Final = f"""
BEGIN;
CREATE TABLE IF NOT EXISTS objects (
    api_version TEXT NOT NULL, kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    version INTEGER NOT NULL, raw BLOB NOT NULL,
    PRIMARY KEY (api_version, kind, namespace, name)
);
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
PRAGMA user_version = {_LAYOUT};
COMMIT;
"""
_PUT: Final = "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?)"
_REMOVE: Final = (
    "DELETE FROM objects WHERE api_version = ? AND kind = ? AND namespace = ? AND name = ?"
)
_RESERVE: Final = "INSERT OR REPLACE INTO meta VALUES ('reserved', ?)"


class SqliteJournal:
    """The live journal of one project."""

    def __init__(self, path: Path) -> None:
        """Open or create the file (mode 0600). Raises Unavailable, naming it and the mend."""
        self._path = path
        try:
            self._connection = _open(path)
            self._snapshot = _read(self._connection)
        except (sqlite3.Error, OSError) as error:
            raise Unavailable(_unreadable(path, error)) from error
        self._thread = CommitThread(
            self._write, name=f"journal {path.name}", reserved=self._snapshot.reserved
        )

    def __str__(self) -> str:
        return f"the journal {self._path}"

    def load(self) -> Snapshot:
        return self._snapshot

    def begin(self, reserved: int) -> None:
        self._write(Batch(reserved=reserved))  # the thread has nothing to do yet
        self._thread.reserved = reserved

    def append(self, change: Change) -> None:
        self._thread.add(change)

    def reserve(self, until: int) -> None:
        self._thread.reserve(until)

    @property
    def reserved(self) -> int:
        return self._thread.reserved

    async def committed(self, version: int) -> None:
        await self._thread.committed(version)

    async def close(self) -> None:
        await self._thread.stop()
        self._connection.close()

    def _write(self, batch: Batch) -> None:
        put = [
            (*_row_key(change.key), change.version, change.raw)
            for change in batch.changes.values()
            if change.raw is not None
        ]
        removed = [_row_key(change.key) for change in batch.changes.values() if change.raw is None]
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(_PUT, put)
            connection.executemany(_REMOVE, removed)
            if batch.reserved:
                connection.execute(_RESERVE, (batch.reserved,))
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise Unavailable(
                f"{self} cannot be written: {error}; free some space or mend the permissions of "
                f"{self._path.parent}"
            ) from error


def _open(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=2.0)
    try:
        # Exclusive: one daemon per file, and no shared-memory file beside it.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise sqlite3.DatabaseError(found)
        layout = connection.execute("PRAGMA user_version").fetchone()[0]
        if layout not in (0, _LAYOUT):
            raise sqlite3.DatabaseError(f"its layout {layout} is of another kfsim version")
        connection.executescript(_SCHEMA)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _read(connection: sqlite3.Connection) -> Snapshot:
    changes = tuple(
        Change(ObjectKey(api_version, kind, namespace, name), version, bytes(raw))
        for api_version, kind, namespace, name, version, raw in connection.execute(
            "SELECT api_version, kind, namespace, name, version, raw FROM objects ORDER BY version"
        )
    )
    row = connection.execute("SELECT value FROM meta WHERE name = 'reserved'").fetchone()
    return Snapshot(changes, row[0] if row else 0)


def _row_key(key: ObjectKey) -> tuple[str, str, str, str]:
    return (key.api_version, key.kind, key.namespace, key.name)


def _unreadable(path: Path, error: Exception) -> str:
    if "locked" in str(error):
        return f"the journal {path} is in use by another process; stop that kfsim first"
    return (
        f"the journal {path} cannot be opened: {error}; mend its permissions, or move it away "
        f"(mv {path} {path}.broken) and start again with an empty one"
    )
