"""Versioned objects as bytes, with watches, history, a journal and garbage collection.

An object is held as canonical JSON with a small index entry; typed views are decoded on demand
and cached (`store.Store`). Writes are synchronous in memory and notify subscribers in the same
tick, in write order; a `journal.Journal` persists them behind. Controllers and the API surface
call the store; it knows no controller, no socket and no process.
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
