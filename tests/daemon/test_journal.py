import sqlite3
from pathlib import Path

import pytest

from kfsim.base.errors import Unavailable
from kfsim.daemon.journal import JOURNAL, open_journal
from kfsim.daemon.project import LOCK, purge_state_dir
from kfsim.store.journal import Change, ObjectKey

KEY = ObjectKey("v1", "ConfigMap", "n", "a")


async def fill(folder: Path) -> Path:
    journal, note = open_journal(folder, fresh=False)
    assert note is None
    journal.begin(10)
    journal.append(Change(KEY, 1, b"{}"))
    await journal.close()
    return folder / JOURNAL


async def content(folder: Path, *, fresh: bool = False) -> tuple[int, str | None]:
    journal, note = open_journal(folder, fresh=fresh)
    found = len(list(journal.load().changes))
    await journal.close()
    return found, note


async def test_a_sound_journal_is_kept_until_a_fresh_start_removes_it(tmp_path: Path) -> None:
    path = await fill(tmp_path)
    assert await content(tmp_path) == (1, None)
    assert await content(tmp_path, fresh=True) == (0, None)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("fresh", [False, True])
async def test_damaged_files_are_set_aside_one_after_the_other(tmp_path: Path, fresh: bool) -> None:
    path = tmp_path / JOURNAL
    for number in (1, 2):
        damage = b"no database %d" % number * 100
        path.write_bytes(damage)
        path.with_name(f"{JOURNAL}-shm").write_bytes(b"its index")
        aside = tmp_path / f"{JOURNAL}-damaged-{number}"
        found, note = await content(tmp_path, fresh=fresh)
        assert found == 0
        assert note is not None
        assert f"{path} is damaged: file is not a database. It is kept aside as {aside};" in note
        assert aside.read_bytes() == damage
        assert aside.with_name(f"{aside.name}-shm").read_bytes() == b"its index"
    (tmp_path / LOCK).touch()
    assert purge_state_dir(tmp_path) == ()


async def test_a_newer_journal_stays_until_a_fresh_start_sets_it_aside(tmp_path: Path) -> None:
    path = await fill(tmp_path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 2")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(Unavailable, match="use that kfsim, or start empty with `kfsim up --fresh`"):
        open_journal(tmp_path, fresh=False)
    assert path.read_bytes() == before
    found, note = await content(tmp_path, fresh=True)
    assert found == 0
    assert note is not None
    assert f"{JOURNAL}-newer-1" in note
    assert (tmp_path / f"{JOURNAL}-newer-1").read_bytes() == before
