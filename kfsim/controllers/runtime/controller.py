"""A controller: a reconciler and the writes that wake it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from kfsim.api.meta import Object
from kfsim.store import Entry, StoreEvent


class Key(NamedTuple):
    """Namespace and name of the object to reconcile; namespace is empty for cluster scope."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


@dataclass(frozen=True, slots=True)
class Result:
    """When to reconcile the key again without a write to wake it; None is never."""

    requeue_after: float | None = None


DONE = Result()


class Reconciler(Protocol):
    """Makes the world as one object wants it. Synchronous, idempotent, never waits."""

    def reconcile(self, key: Key) -> Result:
        """Act on the object's current state; a deleted object is simply not there."""
        ...


@dataclass(frozen=True, slots=True)
class Watch:
    """Writes of `model` wake the keys that `keys_of` names for the written entry."""

    model: type[Object]
    keys_of: Callable[[Entry], Iterable[Key]]
    only: Callable[[StoreEvent], bool] | None = None


@dataclass(frozen=True, slots=True)
class Controller:
    """One reconciler under a name.

    `urgent` keys overtake others (wake-ups from zero). `batched` keys run at the start of the next
    slice of work, so all writes of one slice make one reconcile (routing tables).
    """

    name: str
    reconciler: Reconciler
    watches: tuple[Watch, ...]
    urgent: bool = False
    batched: bool = False


def watch_self(model: type[Object]) -> Watch:
    """The written object's own key."""
    return Watch(model, lambda entry: (Key(entry.namespace, entry.name),))


def watch_owned(model: type[Object], *, owner: type[Object]) -> Watch:
    """The key of the written object's managing owner, if that is an `owner`."""

    def keys_of(entry: Entry) -> Iterable[Key]:
        if entry.owner_kind != owner.KIND:
            return ()
        return (Key(entry.namespace, entry.owner_name),)

    return Watch(model, keys_of)


def watch_mapped(model: type[Object], keys_of: Callable[[Entry], Iterable[Key]]) -> Watch:
    """Any other relation, for example by label."""
    return Watch(model, keys_of)
