"""Garbage collection: what an owner's or a namespace's deletion takes with it.

As Kubernetes' garbage collector and namespace controller decide, but in the tick of the deletion:
Background removes the owner and then what it owned; Foreground keeps the owner, marked, until the
last of what it owned is gone; Orphan takes the owner reference off instead. An object with several
owners goes with the last of them. An object created for an owner that was deleted meanwhile goes
at once.
"""

from collections import OrderedDict
from enum import StrEnum
from typing import Final, Protocol

from kfsim.api.core import Namespace
from kfsim.api.meta import Object
from kfsim.store.entry import Entry
from kfsim.store.index import Index

_FOREGROUND: Final = "foregroundDeletion"
_GRAVES_KEPT: Final = 10_000


class Propagation(StrEnum):
    """DeleteOptions' propagationPolicy."""

    BACKGROUND = "Background"
    FOREGROUND = "Foreground"
    ORPHAN = "Orphan"


class Ground(Protocol):
    """What the collector needs of the store."""

    def view(self, model: type[Object], entry: Entry, /) -> Object: ...

    def update(self, obj: Object, /) -> Object: ...

    def mark_deleting(self, entry: Entry, *, finalizer: str = "") -> None: ...

    def remove(self, entry: Entry) -> None: ...


class Collector:
    """Carries deletions out on one store."""

    def __init__(self, index: Index, ground: Ground) -> None:
        self._index = index
        self._ground = ground
        # uids of deleted objects, the latest last
        self._graves: OrderedDict[str, None] = OrderedDict()

    def delete(self, entry: Entry, propagation: Propagation) -> None:
        if propagation is Propagation.ORPHAN:
            for child in self._index.owned_by(entry.uid):
                self._disown(child, entry.uid)
        if propagation is Propagation.FOREGROUND and self._index.owned_by(entry.uid):
            self._ground.mark_deleting(entry, finalizer=_FOREGROUND)
            self._delete_owned(entry.uid)
            return
        if entry.model is Namespace:
            self._delete_namespace(entry)
        elif self._has_finalizers(entry):
            if not entry.deleting:
                self._ground.mark_deleting(entry)
        else:
            self._ground.remove(entry)

    def on_created(self, uid: str) -> None:
        """An object whose owners are all deleted follows them."""
        entry = self._index.by_uid(uid)
        if entry is not None and self._is_orphan(entry):
            self.delete(entry, Propagation.BACKGROUND)

    def on_released(self, entry: Entry) -> None:
        """The last finalizer of a deleting object is off."""
        current = self._now(entry)
        if current is None or self._has_finalizers(current):
            return
        if current.model is not Namespace or not self._index.in_namespace(current.name):
            self._ground.remove(current)

    def on_removed(self, gone: Entry) -> None:
        """Collect what the removed object owned; finish owners and namespaces that waited."""
        self._graves[gone.uid] = None
        if len(self._graves) > _GRAVES_KEPT:
            self._graves.popitem(last=False)
        self._delete_owned(gone.uid)
        for uid in gone.owner_uids:
            self._finish_foreground(uid)
        home = self._index.find(Namespace, gone.namespace, "") if gone.namespace else None
        if home is not None and home.deleting and not self._index.in_namespace(home.name):
            self.on_released(home)

    def collect_orphans(self) -> None:
        """Finish, after a restart, deletions of which only a part had become durable."""
        for entry in self._index.everything():
            current = self._now(entry)
            if current is None:
                continue
            owners = current.owner_uids
            if owners and not any(self._index.holds_uid(uid) for uid in owners):
                self.delete(current, Propagation.BACKGROUND)
            elif current.deleting:
                self._finish_foreground(current.uid)
                if current.model is Namespace:
                    self._delete_namespace(current)

    def _delete_namespace(self, entry: Entry) -> None:
        if not entry.deleting:
            self._ground.mark_deleting(entry)
        for content in self._index.in_namespace(entry.name):
            current = self._now(content)
            if current is not None:
                self.delete(current, Propagation.BACKGROUND)
        if self._now(entry) is not None:
            self.on_released(entry)

    def _delete_owned(self, uid: str) -> None:
        for child in self._index.owned_by(uid):
            current = self._now(child)
            if current is None or current.deleting:
                continue
            if any(other != uid and self._index.holds_uid(other) for other in current.owner_uids):
                self._disown(current, uid)
            else:
                self.delete(current, Propagation.BACKGROUND)

    def _disown(self, child: Entry, uid: str) -> None:
        view = self._ground.view(child.model, child)
        references = tuple(ref for ref in view.metadata.owner_references if ref.uid != uid)
        self._ground.update(
            view.replaced(metadata=view.metadata.replaced(owner_references=references))
        )

    def _finish_foreground(self, uid: str) -> None:
        owner = self._index.by_uid(uid)
        if owner is None or not owner.deleting or self._index.owned_by(uid):
            return
        view = self._ground.view(owner.model, owner)
        finalizers = view.metadata.finalizers
        if _FOREGROUND in finalizers:
            left = tuple(name for name in finalizers if name != _FOREGROUND)
            self._ground.update(view.replaced(metadata=view.metadata.replaced(finalizers=left)))

    def _has_finalizers(self, entry: Entry) -> bool:
        return bool(self._ground.view(entry.model, entry).metadata.finalizers)

    def _is_orphan(self, entry: Entry) -> bool:
        owners = entry.owner_uids
        return (
            bool(owners)
            and any(uid in self._graves for uid in owners)
            and not any(self._index.holds_uid(uid) for uid in owners)
        )

    def _now(self, entry: Entry) -> Entry | None:
        """The entry as it is now; None when that object is gone."""
        return self._index.by_uid(entry.uid)
