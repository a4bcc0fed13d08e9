"""A store, a clock and a recorder for tests of single reconcilers.

`reconcile` runs a key until the reconciler is done with it and checks that a new reconciler, which
remembers nothing, has nothing left to write: that is what idempotent means here.
"""

from collections.abc import Callable
from typing import TypeVar

from kfsim.api.core import Event
from kfsim.api.meta import Object
from kfsim.base.entropy import SeededEntropy
from kfsim.controllers.runtime import Key, Reconciler, Recorder
from kfsim.store import Store
from kfsim.testing.clock import FakeClock

ObjectT = TypeVar("ObjectT", bound=Object)


class ReconcilerBench:
    """Holds the objects of one test."""

    def __init__(self, make_reconciler: Callable[["ReconcilerBench"], Reconciler]) -> None:
        self.clock = FakeClock()
        self.store = Store(clock=self.clock, entropy=SeededEntropy(1))
        self.recorder = Recorder(
            store=self.store, clock=self.clock, entropy=SeededEntropy(2), component="test"
        )
        self._make_reconciler = make_reconciler
        self._reconciler = make_reconciler(self)

    def given(self, *objects: Object) -> None:
        """Store objects as they are, status included."""
        for obj in objects:
            self.store.create(obj)

    def put_status(self, obj: ObjectT) -> ObjectT:
        """What another controller reports."""
        return self.store.update_status(obj)

    def reconcile(self, name: str, namespace: str = "default") -> None:
        """Run once, then with a fresh reconciler; AssertionError names what that one writes."""
        key = Key(namespace, name)
        self._reconciler.reconcile(key)
        written: list[str] = []
        unsubscribe = self.store.subscribe(
            lambda event: written.append(f"{event.type} {event.entry.resource.kind} {event.entry}")
        )
        self._make_reconciler(self).reconcile(key)
        unsubscribe()
        if written:
            raise AssertionError(
                "a second run must write nothing, but wrote\n" + "\n".join(written)
            )

    def events(self) -> list[str]:
        """`REASON: MESSAGE` of all Events."""
        return [f"{each.reason}: {each.message}" for each in self.store.list(Event)]
