"""A journal in one SQLite file.

Table `objects` holds the latest bytes of each object, `meta` the end of the reserved block of
resourceVersions. WAL with synchronous=NORMAL: a killed process loses nothing that was committed; a
power cut may lose the last moments but leaves a sound file (docs/decisions/0030). A torn tail of
the write-ahead log is dropped by SQLite's own checksums.

Rows are written many to a statement: each statement gives the interpreter's lock away once, and a
busy event loop takes up to 5 ms (`sys.getswitchinterval`) to hand it back. Row by row, the journal
of a busy daemon would fall behind for good at some 200 rows a second.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Final

from kfsim.base.errors import Unavailable
from kfsim.store.commit_thread import Batch, CommitThread
from kfsim.store.journal import Change, ObjectKey, Snapshot
from kfsim.store.journal_failures import (
    Corrupted,
    UnknownLayout,
    describe_refusal,
    explain_unopened,
)

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
_PUT: Final = "INSERT OR REPLACE INTO objects VALUES {rows}"
_REMOVE: Final = (
    "DELETE FROM objects WHERE rowid IN ("
    "SELECT objects.rowid FROM (VALUES {rows}) AS gone CROSS JOIN objects ON "
    "api_version = column1 AND kind = column2 AND namespace = column3 AND name = column4)"
)
# Of few sizes, so that the statements are prepared once; 6 values a row, of SQLite's 32,766.
_ROWS_PER_STATEMENT: Final = (256, 16, 1)
_ORDER: Final = "SELECT rowid FROM objects ORDER BY version"
_LOAD: Final = (
    "SELECT api_version, kind, namespace, name, version, raw FROM objects WHERE rowid = ?"
)
_RESERVE: Final = "INSERT OR REPLACE INTO meta VALUES ('reserved', ?)"


class SqliteJournal:
    """The live journal of one project."""

    def __init__(self, path: Path) -> None:
        """Open or create the file (mode 0600).

        Raises Unavailable, naming it and the mend: JournalDamaged and JournalTooNew for files that
        no other try will open.
        """
        self._path = path
        self._connection, reserved = _load(path)
        self._thread = CommitThread(self._write, name=f"journal {path.name}", reserved=reserved)

    def __str__(self) -> str:
        return f"the journal {self._path}"

    def load(self) -> Snapshot:
        return Snapshot(self._changes(), self.reserved)

    def _changes(self) -> Iterator[Change]:
        """Row by row, so that not all bytes are in memory at once."""
        try:
            numbers = [number for (number,) in self._connection.execute(_ORDER)]
            for number in numbers:
                *key, version, raw = self._connection.execute(_LOAD, (number,)).fetchone()
                yield Change(ObjectKey(*key), version, raw)
        except sqlite3.Error as error:
            raise explain_unopened(self._path, error) from error

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
            for statement, values in (*_statements(_PUT, put), *_statements(_REMOVE, removed)):
                connection.execute(statement, values)
            if batch.reserved:
                connection.execute(_RESERVE, (batch.reserved,))
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise Unavailable(describe_refusal(self._path, error)) from error


def check_journal(path: Path) -> None:
    """Open and close the file, creating it where there is none; raises as SqliteJournal does."""
    _load(path)[0].close()


def _load(path: Path) -> tuple[sqlite3.Connection, int]:
    connection: sqlite3.Connection | None = None
    try:
        connection = _open(path)
        return connection, _read_reserved(connection)
    except (sqlite3.Error, OSError) as error:
        if connection is not None:
            connection.close()
        raise explain_unopened(path, error) from error


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
            raise Corrupted(found)
        layout = connection.execute("PRAGMA user_version").fetchone()[0]
        if layout not in (0, _LAYOUT):
            raise UnknownLayout(f"it has layout {layout}, and this kfsim reads up to {_LAYOUT}")
        connection.executescript(_SCHEMA)
    except (sqlite3.Error, OSError):
        connection.close()
        raise
    return connection


def _read_reserved(connection: sqlite3.Connection) -> int:
    row = connection.execute("SELECT value FROM meta WHERE name = 'reserved'").fetchone()
    reserved: int = row[0] if row else 0
    return reserved


def _statements(
    template: str, rows: Sequence[tuple[object, ...]]
) -> Iterator[tuple[str, tuple[object, ...]]]:
    """Statements with their values that together treat all rows, in order."""
    start = 0
    for size in _ROWS_PER_STATEMENT:
        while len(rows) - start >= size:
            part = rows[start : start + size]
            row = f"({', '.join('?' * len(part[0]))})"
            yield template.format(rows=", ".join([row] * size)), tuple(chain.from_iterable(part))
            start += size


def _row_key(key: ObjectKey) -> tuple[str, str, str, str]:
    return (key.api_version, key.kind, key.namespace, key.name)
