"""What is wrong with a journal's file, told from SQLite's errors, and what mends it.

A file that is damaged, or that a newer kfsim wrote, stays as it is however often it is opened; all
else (a full disk, permissions, another process) may be mended in place.
"""

import errno
import os
import sqlite3
from pathlib import Path

from kfsim.base.errors import Unavailable


class Corrupted(sqlite3.DatabaseError):
    """SQLite's own check found the file inconsistent."""


class UnknownLayout(sqlite3.DatabaseError):
    """The file is sound, and its tables are none that we know."""


class JournalDamaged(Unavailable):
    """The file is no journal, or no longer a whole one."""


class JournalTooNew(Unavailable):
    """A newer kfsim wrote the file."""


def explain_unopened(path: Path, error: Exception) -> Unavailable:
    """The error for a journal that cannot be opened."""
    if isinstance(error, UnknownLayout):
        return JournalTooNew(f"the journal {path} was written by a newer kfsim: {error}")
    if _is_damage(error):
        return JournalDamaged(f"the journal {path} is damaged: {error}")
    if _is_full(error):
        return Unavailable(f"the journal {path} cannot be opened: {_describe_full(path)}")
    if "locked" in str(error):
        return Unavailable(
            f"the journal {path} is in use by another process; stop that kfsim first"
        )
    return Unavailable(
        f"the journal {path} cannot be opened: {error}; mend the permissions of {path.parent}, or "
        "choose another folder with --state-dir"
    )


def describe_refusal(path: Path, error: sqlite3.Error) -> str:
    """Why a write was refused; it will be tried again."""
    if _is_full(error):
        return f"the journal {path} cannot be written: {_describe_full(path)}"
    return (
        f"the journal {path} cannot be written: {error}; free some space or mend the permissions "
        f"of {path.parent}"
    )


def _is_damage(error: Exception) -> bool:
    return isinstance(error, Corrupted) or _code(error) in (
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
    )


def _is_full(error: Exception) -> bool:
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return _code(error) == sqlite3.SQLITE_FULL


def _code(error: Exception) -> int | None:
    """The primary result code, without what extended codes add to it."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _describe_full(path: Path) -> str:
    return f"the disk of {path.parent} is full ({_free(path.parent)}); free some space there"


def _free(folder: Path) -> str:
    try:
        found = os.statvfs(folder)
    except OSError:
        return "how full is not known"
    total = found.f_blocks * found.f_frsize
    return f"{found.f_bavail * found.f_frsize / 1e6:.1f} of {total / 1e6:.0f} MB left"
