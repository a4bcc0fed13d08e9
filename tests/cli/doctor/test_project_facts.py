"""Looking at state directories, whole and damaged."""

from dataclasses import replace
from pathlib import Path

import pytest

from kfsim.cli.doctor.project import DaemonFacts
from kfsim.cli.doctor.project_facts import ask_journal, look_at_state_dir, look_for_daemons
from kfsim.daemon.project import DaemonInfo, Project, StateLock, write_daemon
from kfsim.store.sqlite_journal import SqliteJournal


async def make_journal(folder: Path) -> Path:
    path = folder / "journal.sqlite3"
    journal = SqliteJournal(path)
    await journal.close()
    return path


async def test_a_whole_journal_and_a_damaged_one(tmp_path: Path) -> None:
    assert ask_journal(tmp_path) is None
    path = await make_journal(tmp_path)
    assert ask_journal(tmp_path) == "ok"
    path.write_bytes(b"no database at all" * 100)
    assert "not a database" in (ask_journal(tmp_path) or "")


def test_a_state_directory_that_is_there_and_one_to_be_made(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    facts = look_at_state_dir(tmp_path)
    assert (facts.mode, facts.blocked) == (0o750, "")
    assert facts.free_bytes > 0
    absent = look_at_state_dir(tmp_path / "a" / "b")
    assert (absent.mode, absent.blocked) == (None, "")


def test_a_file_in_the_way_blocks(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "is no directory" in look_at_state_dir(tmp_path / "file" / "state").blocked


def test_a_daemon_that_died_and_one_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    info = DaemonInfo(7, "127.0.0.1:1", "127.0.0.1:1", "1", "iris", "", str(tmp_path))
    write_daemon(tmp_path, info)
    (dead,) = look_for_daemons(tmp_path)
    assert dead == DaemonFacts("iris", 7, "1", running=False, answers=False)
    with StateLock(Project("iris", "", tmp_path)):
        write_daemon(tmp_path, replace(info))
        (hanging,) = look_for_daemons(tmp_path)
    assert hanging == DaemonFacts("iris", 7, "1", running=True, answers=False)
