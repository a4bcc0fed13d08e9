"""The store: reads give cached typed views, writes are checked, versioned and notified.

Bytes of objects whose view left the cache are packed (`packing`).

resourceVersions are one counter over all kinds, as in etcd. A write that changes nothing is no
write: it returns the stored object and notifies nobody, which is what keeps reconcilers quiet.
Every write goes, in this order and in one tick, to the index, the journal, the history (and so to
open watches), and the subscribers.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

import orjson

from kfsim.api.core import Namespace
from kfsim.api.kept_kinds import CUSTOM_RESOURCE_DEFINITION
from kfsim.api.meta import Object, ObjectMeta
from kfsim.api.registry import KindRegistry
from kfsim.api.scheme import ResourceKind, kind_of
from kfsim.base.clock import Clock, format_timestamp
from kfsim.base.entropy import Entropy
from kfsim.base.errors import AlreadyExists, Conflict, Forbidden, NotFound, Unavailable
from kfsim.store.collector import Collector, Propagation
from kfsim.store.entry import (
    Entry,
    EventType,
    StoreEvent,
    make_entry,
    replace_version,
    restore_entry,
    with_version,
)
from kfsim.store.history import History, Watch
from kfsim.store.index import Index
from kfsim.store.journal import Change, Journal, NoJournal, ObjectKey
from kfsim.store.packing import Templates
from kfsim.store.sharing import Sharing

T = TypeVar("T", bound=Object)
Listener = Callable[[StoreEvent], None]
_VIEWS_KEPT = 256  # some 25 KB each: more would cost memory and garbage collector pauses
_VERSION_BLOCK = 100_000
_logger = logging.getLogger(__name__)


class Store:
    """All objects of one project; begins with what the journal holds."""

    def __init__(self, *, clock: Clock, entropy: Entropy, journal: Journal | None = None) -> None:
        self._clock = clock
        self._entropy = entropy
        self._journal = journal if journal is not None else NoJournal()
        self.kinds = KindRegistry()
        self._index = Index()
        self._history = History()
        self._collector = Collector(self._index, self)
        self._views: OrderedDict[int, Object] = OrderedDict()  # the latest used last
        self._templates = Templates()
        self._sharing = Sharing()
        self._listeners: list[Listener] = []
        self._version = 0
        self._asked = 0
        self._restore()

    # Reading

    @property
    def resource_version(self) -> int:
        """The version of the latest write."""
        return self._version

    def __len__(self) -> int:
        return len(self._index)

    def holds(self, uid: str) -> bool:
        """Whether the object of this uid still exists."""
        return self._index.holds_uid(uid)

    def count(self, api_version: str, kind: str) -> int:
        """How many objects of a kind there are; asking makes no model of a kept kind."""
        return self._index.count(api_version, kind)

    def entry(self, model: type[Object], name: str, namespace: str = "") -> Entry | None:
        return self._index.find(model, name, namespace)

    def entries(self, model: type[Object], namespace: str | None = None) -> list[Entry]:
        """All entries of a kind, sorted by namespace and name."""
        return self._index.entries(model, namespace)

    def find(self, model: type[T], name: str, namespace: str = "") -> T | None:
        entry = self._index.find(model, name, namespace)
        return None if entry is None else self.view(model, entry)

    def get(self, model: type[T], name: str, namespace: str = "") -> T:
        """Raises NotFound."""
        return self.view(model, self._existing(model, name, namespace))

    def list(
        self,
        model: type[T],
        namespace: str | None = None,
        *,
        labels: Mapping[str, str] | None = None,
    ) -> tuple[T, ...]:
        """Objects of a kind (all namespaces for None) that carry all `labels`, sorted."""
        if labels:
            entries = self._index.labelled(model, namespace, labels)
        else:
            entries = self._index.entries(model, namespace)
        return tuple(self.view(model, entry) for entry in entries)

    def peers(self, obj: T) -> tuple[T, ...]:
        """The objects of the same kind and namespace; all of a cluster-scoped kind."""
        return self.list(type(obj), obj.metadata.namespace or None)

    def owned(self, model: type[T], owner: Object) -> tuple[T, ...]:
        """Objects of a kind whose managing owner is `owner`, sorted by namespace and name."""
        return tuple(
            self.view(model, entry) for entry in self.owned_entries(model, owner.metadata.uid)
        )

    def owned_entries(self, model: type[Object], uid: str) -> tuple[Entry, ...]:
        """As `owned`, by the owner's uid and without decoding anything."""
        return tuple(
            entry
            for entry in self._index.owned_by(uid)
            if entry.model is model and entry.owner_uid == uid
        )

    def view(self, model: type[T], entry: Entry) -> T:
        """The decoded object of an entry; frozen and shared."""
        view = self._views.get(entry.resource_version)
        if view is None:
            view = model.model_validate_json(entry.raw)
            self._remember(entry.resource_version, view)
        else:
            self._views.move_to_end(entry.resource_version)
        return view  # type: ignore[return-value]  # resource versions are unique over all kinds

    # Hearing of writes

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Hear every write in the tick in which it happens; returns the unsubscriber."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def watch(self, model: type[Object], *, since: int | None = None) -> Watch:
        """Events of a kind after resourceVersion `since` (None: from now). Raises Gone."""
        return self._history.watch(model, self._version if since is None else since)

    async def committed(self) -> None:
        """Return once every write so far is durable. Raises Unavailable."""
        await self._journal.committed(self._version)

    async def close(self) -> None:
        """End all watches and write out what is pending."""
        self._history.close()
        await self._journal.close()

    # Writing

    def create(self, obj: T, *, dry_run: bool = False) -> T:
        """Give the object its identity and store it. Raises AlreadyExists, Forbidden.

        With `dry_run`, only return what would be stored.
        """
        resource = kind_of(type(obj))
        metadata = obj.metadata
        name = metadata.name
        if not name and metadata.generate_name:
            name = metadata.generate_name + self._entropy.suffix()
        namespace = self._sharing.text(metadata.namespace) if resource.namespaced else ""
        if self._index.find(resource.model, name, namespace) is not None:
            raise AlreadyExists(f'{resource.resource} "{name}" already exists')
        self._refuse_content_of_ending(resource, name, namespace)
        version = self._version if dry_run else self._next_version()
        stored = obj.replaced(
            metadata=metadata.replaced(
                name=name,
                namespace=namespace,
                uid=self._entropy.uid(),
                resource_version="" if dry_run else str(version),
                generation=1 if "spec" in resource.model.model_fields else 0,
                creation_timestamp=format_timestamp(self._clock.wall()),
                deletion_timestamp=None,
                deletion_grace_period_seconds=None,
            )
        )
        if not dry_run:
            self._put(EventType.ADDED, make_entry(resource, stored, version), None, stored)
            self._collector.on_created(stored.metadata.uid)
        return stored

    def update(self, obj: T, *, dry_run: bool = False) -> T:
        """Replace everything but the status. Raises NotFound, Conflict.

        `generation` grows when the spec changed.
        """
        resource, old = self._current(obj)
        current = self.view(resource.model, old)
        changes: dict[str, Any] = {"metadata": _kept_identity(obj.metadata, current.metadata)}
        if resource.has_status:
            changes["status"] = getattr(current, "status", None)
        return self._replace(old, obj.replaced(**changes), dry_run=dry_run)

    def update_status(self, obj: T, *, dry_run: bool = False) -> T:
        """Replace the status only. Raises NotFound, Conflict."""
        resource, old = self._current(obj)
        current: Any = self.view(resource.model, old)
        wanted = current.replaced(status=getattr(obj, "status", None))
        return self._replace(old, wanted, dry_run=dry_run)  # type: ignore[no-any-return]  # same key, same model

    def delete(
        self,
        model: type[Object],
        name: str,
        namespace: str = "",
        *,
        propagation: Propagation = Propagation.BACKGROUND,
    ) -> None:
        """Remove the object, then what it owns (`collector`). Raises NotFound.

        With finalizers the object stays, marked with a deletionTimestamp, until the last
        finalizer is taken off by an update. A Namespace's content goes first.
        """
        self._collector.delete(self._existing(model, name, namespace), propagation)

    # What the collector needs

    def mark_deleting(self, entry: Entry, *, finalizer: str = "") -> None:
        """Set the deletionTimestamp (once), and add a finalizer."""
        current: Any = self.view(entry.model, entry)
        metadata = current.metadata
        finalizers = metadata.finalizers
        if finalizer and finalizer not in finalizers:
            finalizers = (*finalizers, finalizer)
        wanted = current.replaced(
            metadata=metadata.replaced(
                finalizers=finalizers,
                deletion_timestamp=metadata.deletion_timestamp
                or format_timestamp(self._clock.wall()),
                deletion_grace_period_seconds=metadata.deletion_grace_period_seconds or 0,
            )
        )
        if entry.model is Namespace:
            wanted = wanted.replaced(status={**wanted.status, "phase": "Terminating"})
        self._replace(entry, wanted)

    def remove(self, entry: Entry) -> None:
        """Take the entry out and tell everybody, then collect what it owned."""
        self._index.remove(entry)
        self._views.pop(entry.resource_version, None)
        gone = with_version(entry, self._next_version())
        self._journal.append(Change(_object_key(gone), gone.resource_version, None))
        self._notify(StoreEvent(EventType.DELETED, gone, entry))
        self._collector.on_removed(gone)
        if entry.resource.kind == CUSTOM_RESOURCE_DEFINITION:
            self._remove_custom_resources(entry.name)

    # Internals

    def _remove_custom_resources(self, definition: str) -> None:
        """A CRD's objects go with it, whatever their finalizers: no controller is there to act."""
        resource = self.kinds.forget(definition)
        for entry in self._index.entries(resource.model) if resource is not None else ():
            if self._index.by_uid(entry.uid) is not None:
                self.remove(entry)

    def _existing(self, model: type[Object], name: str, namespace: str) -> Entry:
        entry = self._index.find(model, name, namespace)
        if entry is None:
            raise NotFound(f'{kind_of(model).resource} "{name}" not found')
        return entry

    def _current(self, obj: Object) -> tuple[ResourceKind, Entry]:
        resource = kind_of(type(obj))
        metadata = obj.metadata
        entry = self._existing(resource.model, metadata.name, metadata.namespace)
        given = metadata.resource_version
        if given and given != str(entry.resource_version):
            raise Conflict(
                f'Operation cannot be fulfilled on {resource.resource} "{metadata.name}": the '
                "object has been modified; please apply your changes to the latest version and "
                "try again"
            )
        return resource, entry

    def _refuse_content_of_ending(self, resource: ResourceKind, name: str, namespace: str) -> None:
        home = self._index.find(Namespace, namespace, "") if namespace else None
        if home is not None and home.deleting:
            raise Forbidden(
                f'{resource.resource} "{name}" is forbidden: unable to create new content in '
                f"namespace {namespace} because it is being terminated"
            )

    def _next_version(self) -> int:
        if self._version + _VERSION_BLOCK // 2 > self._asked:
            self._asked = self._version + _VERSION_BLOCK
            self._journal.reserve(self._asked)
        if self._version >= self._journal.reserved:
            raise Unavailable(
                "no resourceVersion is left: the journal did not confirm the next block; look "
                "for its error in the daemon's log (a full disk?)"
            )
        self._version += 1
        return self._version

    def _replace(self, old: Entry, wanted: T, *, dry_run: bool = False) -> T:
        current = self.view(type(wanted), old)
        if wanted == current:
            return current
        raw = wanted.encode()
        if raw == old.raw:  # equal as JSON (a list in the place of a tuple)
            return current
        if getattr(wanted, "spec", None) != getattr(current, "spec", None):
            generation = current.metadata.generation + 1
            wanted = wanted.replaced(metadata=wanted.metadata.replaced(generation=generation))
            raw = wanted.encode()
        version = self._version if dry_run else self._next_version()
        stored = wanted.replaced(metadata=wanted.metadata.replaced(resource_version=str(version)))
        if dry_run:
            return stored
        raw = replace_version(raw, old.resource_version, version)
        entry = make_entry(old.resource, stored, version, raw=raw, old=old)
        self._put(EventType.MODIFIED, entry, old, stored)
        if entry.deleting and not stored.metadata.finalizers:
            self._collector.on_released(entry)
        return stored

    def _put(self, type_: EventType, entry: Entry, old: Entry | None, stored: Object) -> None:
        self._index.put(entry, old)
        if entry.resource.kind == CUSTOM_RESOURCE_DEFINITION:
            self.kinds.define(orjson.loads(entry.raw))
        if old is not None:
            self._views.pop(old.resource_version, None)
        self._remember(entry.resource_version, stored)
        self._journal.append(Change(_object_key(entry), entry.resource_version, entry.raw))
        self._notify(StoreEvent(type_, entry, old))

    def _remember(self, version: int, view: Object) -> None:
        if len(self._views) >= _VIEWS_KEPT:
            self._pack(*self._views.popitem(last=False))
        self._views[version] = view

    def _pack(self, version: int, view: Object) -> None:
        """Pack the entry of a view that was not looked at for long, unless it is outdated."""
        metadata = view.metadata
        entry = self._index.find(type(view), metadata.name, metadata.namespace)
        if entry is not None and entry.resource_version == version:
            self._pack_entry(entry)

    def _pack_entry(self, entry: Entry) -> None:
        if entry.template is None:
            entry.pack(self._templates.choose(entry.model, entry.content), self._sharing)

    def _notify(self, event: StoreEvent) -> None:
        self._history.record(event)
        for listener in tuple(self._listeners):
            listener(event)

    def _restore(self) -> None:
        snapshot = self._journal.load()
        self._version = snapshot.reserved
        found = False
        for change in self._definitions_first(snapshot.changes):
            found = True
            self._version = max(self._version, change.version)
            key = change.key
            resource = self.kinds.find_kind(key.api_version, key.kind)
            if resource is None or change.raw is None:
                _logger.warning("the journal holds %s, a kind unknown here; it is left there", key)
                continue
            try:
                entry = restore_entry(resource, change.raw, change.version, sharing=self._sharing)
            except ValueError as error:
                raise Unavailable(
                    f"{self._journal} holds an unreadable {key.kind} {key.namespace}/{key.name}: "
                    f"{error}; move the journal away and start again with an empty one"
                ) from error
            self._index.put(entry, None)
            if key.kind == CUSTOM_RESOURCE_DEFINITION:
                self.kinds.define(orjson.loads(entry.raw))
            if len(self._index) > _VIEWS_KEPT:
                self._pack_entry(entry)
        self._history.begin_at(self._version)
        self._asked = self._version + _VERSION_BLOCK
        self._journal.begin(self._asked)
        if found:
            self._collector.collect_orphans()

    def _definitions_first(self, changes: Iterable[Change]) -> Iterator[Change]:
        """What a CRD defines can be read only after the CRD, which may be the younger one."""
        undefined = []
        for change in changes:
            if self.kinds.find_kind(change.key.api_version, change.key.kind) is None:
                undefined.append(change)
            else:
                yield change
        yield from undefined


def _kept_identity(wanted: ObjectMeta, current: ObjectMeta) -> ObjectMeta:
    return wanted.replaced(
        uid=current.uid,
        resource_version=current.resource_version,
        generation=current.generation,
        creation_timestamp=current.creation_timestamp,
        deletion_timestamp=current.deletion_timestamp,
        deletion_grace_period_seconds=current.deletion_grace_period_seconds,
    )


def _object_key(entry: Entry) -> ObjectKey:
    return ObjectKey(entry.resource.api_version, entry.resource.kind, entry.namespace, entry.name)
