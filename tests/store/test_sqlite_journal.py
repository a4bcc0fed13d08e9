import os
import signal
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from kfsim.api.core import ConfigMap, Pod, PodSpec
from kfsim.api.meta import ObjectMeta
from kfsim.base.clock import RealClock
from kfsim.base.entropy import SeededEntropy
from kfsim.base.errors import Unavailable
from kfsim.store import Change, ObjectKey, Store
from kfsim.store.journal_failures import JournalDamaged, JournalTooNew
from kfsim.store.sqlite_journal import SqliteJournal, check_journal


def open_store(path: Path) -> Store:
    return Store(clock=RealClock(), entropy=SeededEntropy(1), journal=SqliteJournal(path))


def make_map(name: str, **data: str) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name=name, namespace="n"), data=data)


async def test_objects_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    store = open_store(path)
    pod = store.create(Pod(metadata=ObjectMeta(name="p", namespace="n")))
    pod = store.update(pod.replaced(spec=PodSpec(hostname="h")))
    store.create(make_map("gone"))
    store.delete(ConfigMap, "gone", "n")
    await store.committed()
    last = store.resource_version
    await store.close()
    again = open_store(path)
    assert again.get(Pod, "p", "n") == pod
    assert len(again) == 1
    assert again.resource_version > last
    await again.close()


async def test_the_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    store = open_store(path)
    store.create(make_map("a"))
    await store.committed()
    for file in tmp_path.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    await store.close()


async def test_waiting_without_a_write_returns_at_once(tmp_path: Path) -> None:
    store = open_store(tmp_path / "journal.db")
    await store.committed()
    store.create(make_map("a"))
    await store.committed()
    await store.committed()
    await store.close()


async def test_many_writes_share_commits(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    store = open_store(path)
    for number in range(500):
        store.create(make_map(f"a{number}"))
    await store.committed()
    await store.close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM objects").fetchone() == (500,)
    connection.close()


WRITER = """
import asyncio, sys
from pathlib import Path
from kfsim.api.core import ConfigMap
from kfsim.api.meta import ObjectMeta
from kfsim.base.clock import RealClock
from kfsim.base.entropy import SeededEntropy
from kfsim.store import Change, ObjectKey, Store
from kfsim.store.sqlite_journal import SqliteJournal

async def main():
    journal = SqliteJournal(Path(sys.argv[1]))
    store = Store(clock=RealClock(), entropy=SeededEntropy(1), journal=journal)
    number = 0
    while True:
        made = store.create(ConfigMap(metadata=ObjectMeta(name=f"a{number}", namespace="n")))
        if number % 7 == 0:
            await store.committed()
            print(number, made.metadata.resource_version, flush=True)
        number += 1

asyncio.run(main())
"""


@pytest.mark.live
async def test_a_killed_process_loses_nothing_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(60)]
    os.kill(process.pid, signal.SIGKILL)
    rest, _ = process.communicate()
    number, version = (lines + rest.splitlines(keepends=True))[-1].split()
    store = open_store(path)
    for acknowledged in range(int(number) + 1):
        assert store.find(ConfigMap, f"a{acknowledged}", "n") is not None
    assert store.resource_version >= int(version)
    seen = max(int(m.metadata.resource_version) for m in store.list(ConfigMap))
    assert int(store.create(make_map("next")).metadata.resource_version) > seen
    await store.close()


def test_a_file_that_is_no_journal_is_named(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"this is no database, " * 200)
    with pytest.raises(JournalDamaged, match=r"journal\.db is damaged: file is not a database"):
        SqliteJournal(path)


@pytest.mark.parametrize("size", [100, 4096, 5000], ids=["a header", "a page", "a page and more"])
async def test_what_is_left_of_a_short_file_is_named(tmp_path: Path, size: int) -> None:
    path = tmp_path / "journal.db"
    store = open_store(path)
    store.create(make_map("a"))
    await store.close()
    with path.open("r+b") as file:
        file.truncate(size)
    with pytest.raises(JournalDamaged, match=r"journal\.db is damaged"):
        SqliteJournal(path)


async def test_bytes_amid_a_file_that_are_none_of_ours_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    store = open_store(path)
    for number in range(200):
        store.create(make_map(f"a{number}", key="v" * 500))
    await store.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * 3 * 4096)
    with pytest.raises(JournalDamaged, match=r"journal\.db is damaged"):
        SqliteJournal(path)


async def test_a_newer_layout_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    store = open_store(path)
    store.create(make_map("a"))
    await store.close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 7")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(JournalTooNew, match=r"newer kfsim: it has layout 7, .* up to 1$"):
        check_journal(path)
    assert path.read_bytes() == before


async def test_a_torn_page_is_named(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    store = open_store(path)
    for number in range(200):
        store.create(make_map(f"a{number}", key="v" * 500))
    await store.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(size // 2)
    with pytest.raises(JournalDamaged, match=r"journal\.db is damaged"):
        SqliteJournal(path)


async def test_a_torn_log_tail_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    store = open_store(path)
    store.create(make_map("first"))
    await store.committed()
    copy = tmp_path / "copy.db"
    copy.write_bytes(path.read_bytes())
    log = Path(f"{path}-wal").read_bytes()
    store.create(make_map("second"))
    await store.committed()
    longer = Path(f"{path}-wal").read_bytes()
    await store.close()
    assert len(longer) > len(log)
    Path(f"{copy}-wal").write_bytes(longer[: len(log) + 100])
    again = open_store(copy)
    assert [each.metadata.name for each in again.list(ConfigMap)] == ["first"]
    await again.close()


async def test_an_unreadable_record_is_named(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    store = open_store(path)
    store.create(make_map("a"))
    await store.close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE objects SET raw = ?", (b"{torn",))
    connection.commit()
    connection.close()
    journal = SqliteJournal(path)
    with pytest.raises(Unavailable, match=r"journal\.db holds an unreadable ConfigMap n/a"):
        Store(clock=RealClock(), entropy=SeededEntropy(1), journal=journal)
    await journal.close()


async def test_a_second_process_is_told(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    store = open_store(path)
    store.create(make_map("a"))
    await store.committed()
    code = (
        "import sys; from pathlib import Path\n"
        "from kfsim.store.sqlite_journal import SqliteJournal\n"
        "SqliteJournal(Path(sys.argv[1]))"
    )
    result = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True)
    assert "in use by another process" in result.stderr
    await store.close()


async def test_a_refused_write_is_told_and_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = SqliteJournal(path)
    store = Store(clock=RealClock(), entropy=SeededEntropy(1), journal=journal)
    store.create(make_map("a"))
    await store.committed()
    pages = journal._connection.execute("PRAGMA page_count").fetchone()[0]
    journal._connection.execute(f"PRAGMA max_page_count = {pages}")
    store.create(make_map("big", key="v" * 100_000))
    with pytest.raises(Unavailable, match=r"cannot be written: the disk of .* is full \(.* left\)"):
        await store.committed()
    journal._connection.execute("PRAGMA max_page_count = 1000000")
    await store.committed()
    await store.close()
    again = open_store(path)
    assert again.find(ConfigMap, "big", "n") is not None
    await again.close()


async def test_a_busy_loop_does_not_hold_the_journal_back(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.db")
    journal.begin(10_000)
    for number in range(1, 2001):
        name = f"a{number % 1900}"
        raw = None if number > 1950 else b"{}"
        journal.append(Change(ObjectKey("v1", "ConfigMap", "n", name), number, raw))
    journal.reserve(20_000)
    end = RealClock().now() + 1.5
    while journal.reserved < 20_000 and RealClock().now() < end:
        pass  # the loop works and never waits: the thread gets the interpreter at its mercy only
    assert journal.reserved == 20_000
    await journal.close()


async def test_rows_are_written_and_removed_in_any_number(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    store = open_store(path)
    names = [f"a{number:03}" for number in range(289)]
    for name in names:
        store.create(make_map(name))
    await store.committed()
    for name in names[:274]:
        store.delete(ConfigMap, name, "n")
    await store.close()
    again = open_store(path)
    assert [each.metadata.name for each in again.list(ConfigMap)] == names[274:]
    await again.close()


async def test_objects_are_loaded_in_the_order_of_their_versions(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    store = open_store(path)
    for name in ("a", "b", "c"):
        store.create(make_map(name))
    await store.close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE objects SET version = 9 WHERE name = 'a'")
    connection.close()
    journal = SqliteJournal(path)
    assert [change.key.name for change in journal.load().changes] == ["b", "c", "a"]
    await journal.close()
