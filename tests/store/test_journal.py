from kfsim.store.journal import Change, MemoryJournal, NoJournal, ObjectKey

KEY = ObjectKey("v1", "ConfigMap", "n", "a")


async def test_memory_keeps_the_latest_change_of_each_object() -> None:
    journal = MemoryJournal()
    journal.begin(10)
    journal.append(Change(KEY, 1, b"1"))
    journal.append(Change(KEY, 2, b"2"))
    journal.reserve(20)
    await journal.committed(2)
    assert [change.version for change in journal.load().changes] == [2]
    assert journal.load().reserved == journal.reserved == 20
    journal.append(Change(KEY, 3, None))
    assert journal.load().changes == ()


async def test_no_journal_keeps_nothing() -> None:
    journal = NoJournal()
    journal.begin(10)
    journal.append(Change(KEY, 1, b"1"))
    await journal.committed(1)
    assert journal.load().changes == ()
    assert journal.reserved == 10
    await journal.close()
