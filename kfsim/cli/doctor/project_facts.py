"""Looks at state directories: permissions, space, journals, daemons. Changes nothing."""

import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from kfsim.base.errors import KfsimError
from kfsim.cli.client import ApiClient
from kfsim.cli.doctor.project import IN_USE, DaemonFacts, StateFacts
from kfsim.daemon.project import is_running, projects_home, read_daemon

_JOURNAL = "journal.sqlite3"


def look_at_state_dir(folder: Path) -> StateFacts:
    nearest = next(each for each in (folder, *folder.parents) if each.exists())
    free = shutil.disk_usage(nearest).free
    blocked = "" if nearest.is_dir() else f"{nearest} is no directory"
    if not blocked and not os.access(nearest, os.W_OK | os.X_OK):
        blocked = f"permission denied at {nearest}"
    mode = stat.S_IMODE(folder.stat().st_mode) if folder.exists() else None
    return StateFacts(str(folder), mode, free, blocked)


def ask_journal(folder: Path) -> str | None:
    """SQLite's check of the journal; None without one, IN_USE where a daemon holds it."""
    path = folder / _JOURNAL
    if not path.exists():
        return None
    try:
        journal = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=0.2)
        try:
            return str(journal.execute("PRAGMA quick_check(1)").fetchone()[0])
        finally:
            journal.close()
    except sqlite3.Error as error:
        return IN_USE if error.sqlite_errorcode == sqlite3.SQLITE_BUSY else str(error)


def look_for_daemons(folder: Path) -> Iterator[DaemonFacts]:
    """Of this project, and of all of this user's."""
    home = projects_home()
    folders = [folder, *(sorted(home.iterdir()) if home.is_dir() else ())]
    for each in dict.fromkeys(folders):
        info = read_daemon(each)
        if info is None:
            continue
        running = is_running(each)
        answers = running and _answers(info.api)
        yield DaemonFacts(info.project, info.pid, info.version, running, answers)


def _answers(api: str) -> bool:
    try:
        ApiClient(api).get("/kfsim/v1/status")
    except KfsimError:
        return False
    return True
