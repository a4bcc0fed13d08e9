"""Opening a project's journal, whatever became of its file.

A damaged file is set aside, never deleted, and the start is empty but for what the manifests say:
a laptop that lost power comes up again, and its user is told. One that a newer kfsim wrote stays in
its place, because the newer kfsim is the mend, until `--fresh` asks for an empty start.
"""

import itertools
from pathlib import Path

from kfsim.base.errors import Unavailable
from kfsim.store.journal_failures import JournalDamaged, JournalTooNew
from kfsim.store.sqlite_journal import SqliteJournal, check_journal

JOURNAL = "journal.sqlite3"
_COMPANIONS = ("", "-wal", "-shm")


def open_journal(folder: Path, *, fresh: bool) -> tuple[SqliteJournal, str | None]:
    """The journal of a state directory, and what to tell the user. Raises Unavailable.

    With `fresh` it is empty, and a former one that could be read is removed.
    """
    path = folder / JOURNAL
    note: str | None = None
    try:
        if not fresh:
            return SqliteJournal(path), None
        check_journal(path)
        _remove(path)
    except JournalDamaged as error:
        note = _set_aside(path, "damaged", error)
    except JournalTooNew as error:
        if not fresh:
            raise JournalTooNew(
                f"{error.message}; use that kfsim, or start empty with `kfsim up --fresh`, which "
                "keeps this journal aside"
            ) from error
        note = _set_aside(path, "newer", error)
    return SqliteJournal(path), note


def _remove(path: Path) -> None:
    for companion in _COMPANIONS:
        path.with_name(path.name + companion).unlink(missing_ok=True)


def _set_aside(path: Path, why: str, error: Unavailable) -> str:
    """Rename the file and what belongs to it; returns what to tell."""
    aside = next(
        place
        for number in itertools.count(1)
        if not (place := path.with_name(f"{path.name}-{why}-{number}")).exists()
    )
    try:
        for companion in reversed(_COMPANIONS):  # the file last: until then it can be tried again
            source = path.with_name(path.name + companion)
            if source.exists():
                source.rename(aside.with_name(aside.name + companion))
    except OSError as problem:
        raise Unavailable(
            f"{error.message}, and it cannot be set aside: {problem}; move it away (mv {path} "
            f"{aside}) and start again with an empty one"
        ) from problem
    return (
        f"{error.message}. It is kept aside as {aside}; this start has only what your manifests "
        "say, and what came from elsewhere (kubectl, an SDK) must be applied again"
    )
