import pytest

from kfsim.base.errors import Unavailable
from kfsim.simulation.faults.journal import FaultyJournal
from kfsim.store.journal import Change, ObjectKey

FIRST = Change(ObjectKey("v1", "ConfigMap", "default", "a"), 1, b"1")
SECOND = Change(ObjectKey("v1", "ConfigMap", "default", "b"), 2, b"2")


async def test_what_waits_beside_a_full_disk_is_refused_then_written() -> None:
    journal = FaultyJournal()
    journal.append(FIRST)
    journal.full = True
    journal.append(SECOND)
    await journal.committed(1)
    with pytest.raises(Unavailable):
        await journal.committed(2)
    journal.heal()
    await journal.committed(2)
    assert journal.load().changes == (FIRST, SECOND)


async def test_what_waits_is_lost_at_a_crash() -> None:
    journal = FaultyJournal()
    journal.append(FIRST)
    journal.full = True
    journal.append(SECOND)
    journal.crash()
    assert journal.load().changes == (FIRST,)
