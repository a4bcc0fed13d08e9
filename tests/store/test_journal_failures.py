import errno
import sqlite3
from pathlib import Path

import pytest

from kfsim.base.errors import Unavailable
from kfsim.store.journal_failures import (
    Corrupted,
    JournalDamaged,
    JournalTooNew,
    UnknownLayout,
    describe_refusal,
    explain_unopened,
)


def failed(code: int, words: str) -> sqlite3.Error:
    error = sqlite3.OperationalError(words)
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (failed(26, "file is not a database"), JournalDamaged, "damaged: file is not a database"),
        (failed(11 | 2 << 8, "malformed"), JournalDamaged, "damaged: malformed"),
        (Corrupted("row 3 missing"), JournalDamaged, "damaged: row 3 missing"),
        (UnknownLayout("it has layout 2"), JournalTooNew, "newer kfsim: it has layout 2"),
        (failed(13, "disk is full"), Unavailable, "MB left); free some space there"),
        (OSError(errno.ENOSPC, "No space"), Unavailable, "MB left); free some space there"),
        (failed(5, "database is locked"), Unavailable, "stop that kfsim first"),
        (failed(8, "readonly database"), Unavailable, "mend the permissions of"),
        (PermissionError(errno.EACCES, "denied"), Unavailable, "mend the permissions of"),
    ],
    ids=lambda value: str(value) if isinstance(value, Exception) else "",
)
def test_what_is_wrong_and_what_mends_it(
    tmp_path: Path, error: Exception, kind: type[Unavailable], words: str
) -> None:
    found = explain_unopened(tmp_path / "journal", error)
    assert type(found) is kind
    assert words in found.message
    assert str(tmp_path / "journal") in found.message


def test_a_refused_write_names_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    assert f"the disk of {tmp_path} is full" in describe_refusal(path, failed(13, "full"))
    assert "disk I/O error; free some space or mend" in describe_refusal(
        path, failed(10, "disk I/O error")
    )
    nowhere = describe_refusal(tmp_path / "gone/journal", failed(13, "full"))
    assert "how full is not known" in nowhere
