"""Versioned objects as bytes, with watches, history, a journal and garbage collection.

An object is held as canonical JSON with a small index entry (`Entry`); typed views are decoded on
demand, cached, frozen and shared. `Store` finds, lists, creates, updates and deletes; a write is
synchronous in memory and notifies subscribers (`StoreEvent`) in the same tick, in write order. A
`Watch` replays from a resourceVersion; the collector deletes what lost its owner. A `Journal`
persists writes behind them: `sqlite_journal` in the daemon, `MemoryJournal` under virtual time.

Controllers and the API surface call it; `cluster`, `daemon` and `simulation` make it.

Must not: know a controller, a socket or a process. The journal's commit thread is the one thread
outside the backends (docs/decisions/0030-journal-in-sqlite-with-one-thread.md).
"""

from kfsim.store.collector import Propagation
from kfsim.store.entry import Entry, EventType, StoreEvent
from kfsim.store.history import Watch
from kfsim.store.journal import Change, Journal, MemoryJournal, ObjectKey, Snapshot
from kfsim.store.store import Store

__all__ = [
    "Change",
    "Entry",
    "EventType",
    "Journal",
    "MemoryJournal",
    "ObjectKey",
    "Propagation",
    "Snapshot",
    "Store",
    "StoreEvent",
    "Watch",
]
