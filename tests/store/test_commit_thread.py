import threading

import pytest

from kfsim.base.errors import Unavailable
from kfsim.store.commit_thread import Batch, CommitThread
from kfsim.store.journal import Change, ObjectKey


def change(name: str, version: int) -> Change:
    return Change(ObjectKey("v1", "ConfigMap", "n", name), version, b"{}")


async def test_what_gathers_during_a_commit_is_the_next_commit() -> None:
    batches: list[list[int]] = []
    begun, go = threading.Event(), threading.Event()

    def write(batch: Batch) -> None:
        batches.append([each.version for each in batch.changes.values()])
        begun.set()
        assert go.wait(5)

    thread = CommitThread(write, name="test")
    thread.add(change("a", 1))
    assert begun.wait(5)
    for version in (2, 3, 4):
        thread.add(change("b" if version == 4 else f"b{version}", version))
    thread.add(change("b", 5))
    go.set()
    await thread.committed(5)
    assert batches == [[1], [2, 3, 5]]
    await thread.stop()


async def test_a_refused_batch_stays_pending_under_newer_changes() -> None:
    older, newer = Batch(), Batch()
    older.add(change("a", 1))
    older.add(change("b", 2))
    older.reserved = 7
    newer.add(change("a", 3))
    newer.put_under(older)
    assert {key.name: each.version for key, each in newer.changes.items()} == {"a": 3, "b": 2}
    assert (newer.reserved, newer.version) == (7, 3)


async def test_a_refusal_is_told_to_those_who_wait() -> None:
    refuse = True

    def write(batch: Batch) -> None:
        if refuse:
            raise Unavailable("full")

    thread = CommitThread(write, name="test")
    thread.add(change("a", 1))
    with pytest.raises(Unavailable, match="full"):
        await thread.committed(1)
    refuse = False
    await thread.stop()


async def test_an_unexpected_failure_does_not_end_the_thread(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failures = [ValueError("odd")]

    def write(batch: Batch) -> None:
        if failures:
            raise failures.pop()

    thread = CommitThread(write, name="test")
    thread.add(change("a", 1))
    with pytest.raises(Unavailable, match="odd"):
        await thread.committed(1)
    await thread.committed(1)
    assert "writing the journal failed" in caplog.text
    await thread.stop()


async def test_reservations_are_seen_once_durable() -> None:
    go = threading.Event()

    def write(batch: Batch) -> None:
        assert go.wait(5)

    thread = CommitThread(write, name="test", reserved=3)
    thread.reserve(10)
    assert thread.reserved == 3
    go.set()
    thread.add(change("a", 1))
    await thread.committed(1)
    assert thread.reserved == 10
    await thread.stop()


async def test_a_block_of_versions_does_not_wait_for_a_long_batch() -> None:
    written: list[tuple[int, int]] = []
    begun, go = threading.Event(), threading.Event()

    def write(batch: Batch) -> None:
        written.append((batch.reserved, len(batch.changes)))
        begun.set()
        assert go.wait(5)

    thread = CommitThread(write, name="test")
    thread.add(change("a", 1))
    assert begun.wait(5)
    for version in (2, 3, 4):
        thread.add(change(f"b{version}", version))
    thread.reserve(100)
    go.set()
    await thread.committed(4)
    assert written == [(0, 1), (100, 0), (0, 3)]
    assert thread.reserved == 100
    await thread.stop()


async def test_a_refusing_medium_does_not_keep_the_thread_from_its_end() -> None:
    def write(batch: Batch) -> None:
        raise Unavailable("full")

    thread = CommitThread(write, name="test")
    thread.add(change("a", 1))
    thread.reserve(100)
    await thread.stop()
