"""The store: reads give cached typed views, writes are checked, versioned and notified.

resourceVersions are one counter over all kinds, as in etcd. A write that changes nothing is no
write: it returns the stored object and notifies nobody, which is what keeps reconcilers quiet.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from kfsim.api.meta import Object, ObjectMeta
from kfsim.api.scheme import ResourceKind, kind_of
from kfsim.base.clock import Clock, format_timestamp
from kfsim.base.entropy import Entropy
from kfsim.base.errors import AlreadyExists, Conflict, NotFound
from kfsim.store.entry import Entry, EventType, StoreEvent

T = TypeVar("T", bound=Object)
Listener = Callable[[StoreEvent], None]
_VIEWS_KEPT = 4096


class Store:
    """All objects of one project."""

    def __init__(self, *, clock: Clock, entropy: Entropy) -> None:
        self._clock = clock
        self._entropy = entropy
        self._version = 0
        self._kinds: dict[type[Object], dict[tuple[str, str], Entry]] = {}
        self._owned: dict[str, dict[tuple[type[Object], str, str], None]] = {}
        self._views: dict[int, Object] = {}
        self._listeners: list[Listener] = []

    # Reading

    @property
    def resource_version(self) -> int:
        """The version of the latest write."""
        return self._version

    def entry(self, model: type[Object], name: str, namespace: str = "") -> Entry | None:
        return self._kinds.get(model, {}).get((namespace, name))

    def entries(self, model: type[Object]) -> list[Entry]:
        """All entries of a kind, sorted by namespace and name."""
        kept = self._kinds.get(model, {})
        return [kept[key] for key in sorted(kept)]

    def find(self, model: type[T], name: str, namespace: str = "") -> T | None:
        entry = self.entry(model, name, namespace)
        return None if entry is None else self.view(model, entry)

    def get(self, model: type[T], name: str, namespace: str = "") -> T:
        """Raises NotFound."""
        found = self.find(model, name, namespace)
        if found is None:
            raise NotFound(f'{kind_of(model).resource} "{name}" not found')
        return found

    def list(
        self,
        model: type[T],
        namespace: str | None = None,
        *,
        labels: Mapping[str, str] | None = None,
    ) -> tuple[T, ...]:
        """Objects of a kind (all namespaces for None) that carry all `labels`, sorted."""
        return tuple(
            self.view(model, entry)
            for entry in self.entries(model)
            if (namespace is None or entry.namespace == namespace)
            and (not labels or all(entry.labels.get(k) == v for k, v in labels.items()))
        )

    def owned(self, model: type[T], owner: Object) -> tuple[T, ...]:
        """Objects of a kind whose managing owner is `owner`, sorted by namespace and name."""
        keys = self._owned.get(owner.metadata.uid, {})
        kept = self._kinds.get(model, {})
        found = sorted((ns, name) for kind, ns, name in keys if kind is model)
        return tuple(self.view(model, kept[key]) for key in found)

    def view(self, model: type[T], entry: Entry) -> T:
        """The decoded object of an entry; frozen and shared."""
        view = self._views.get(entry.resource_version)
        if view is None:
            view = model.model_validate_json(entry.raw)
            self._remember(entry.resource_version, view)
        return view  # type: ignore[return-value]  # resource versions are unique over all kinds

    # Writing

    def create(self, obj: T) -> T:
        """Give the object its identity and store it. Raises AlreadyExists."""
        resource = kind_of(type(obj))
        metadata = obj.metadata
        name = metadata.name
        if not name and metadata.generate_name:
            name = metadata.generate_name + self._entropy.suffix()
        namespace = metadata.namespace if resource.namespaced else ""
        if self.entry(resource.model, name, namespace) is not None:
            raise AlreadyExists(f'{resource.resource} "{name}" already exists')
        version = self._next_version()
        stored = obj.replaced(
            metadata=metadata.replaced(
                name=name,
                namespace=namespace,
                uid=self._entropy.uid(),
                resource_version=str(version),
                generation=1,
                creation_timestamp=format_timestamp(self._clock.wall()),
                deletion_timestamp=None,
            )
        )
        self._put(EventType.ADDED, resource, stored, version, None)
        return stored

    def update(self, obj: T) -> T:
        """Replace everything but the status. Raises NotFound, Conflict.

        `generation` grows when the spec (or, for kinds without one, any content) changed.
        """
        resource, old = self._current(obj)
        current = self.view(resource.model, old)
        changes: dict[str, Any] = {"metadata": self._kept_identity(obj.metadata, current.metadata)}
        if resource.has_status:
            changes["status"] = getattr(current, "status", None)
        wanted = obj.replaced(**changes)
        if wanted == current:
            return current
        generation = current.metadata.generation
        if getattr(wanted, "spec", None) != getattr(current, "spec", None):
            generation += 1
        return self._replace(resource, old, wanted, generation)

    def update_status(self, obj: T) -> T:
        """Replace the status only. Raises NotFound, Conflict."""
        resource, old = self._current(obj)
        current: Any = self.view(resource.model, old)
        status = getattr(obj, "status", None)
        if current.status == status:
            return current  # type: ignore[no-any-return]  # same key, same model
        wanted = current.replaced(status=status)
        return self._replace(resource, old, wanted, current.metadata.generation)  # type: ignore[no-any-return]  # as above

    def delete(self, model: type[Object], name: str, namespace: str = "") -> None:
        """Remove the object, then what it owns. Raises NotFound.

        With finalizers the object stays, marked with a deletionTimestamp, until the last
        finalizer is taken off by an update.
        """
        entry = self.entry(model, name, namespace)
        if entry is None:
            raise NotFound(f'{kind_of(model).resource} "{name}" not found')
        current = self.view(model, entry)
        if current.metadata.finalizers:
            if current.metadata.deletion_timestamp is None:
                wanted = current.replaced(
                    metadata=current.metadata.replaced(
                        deletion_timestamp=format_timestamp(self._clock.wall())
                    )
                )
                self._replace(entry.resource, entry, wanted, current.metadata.generation)
            return
        self._remove(entry)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Hear every write in the tick in which it happens; returns the unsubscriber."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    # Internals

    def _next_version(self) -> int:
        self._version += 1
        return self._version

    def _current(self, obj: Object) -> tuple[ResourceKind, Entry]:
        resource = kind_of(type(obj))
        metadata = obj.metadata
        entry = self.entry(resource.model, metadata.name, metadata.namespace)
        if entry is None:
            raise NotFound(f'{resource.resource} "{metadata.name}" not found')
        given = metadata.resource_version
        if given and given != str(entry.resource_version):
            raise Conflict(
                f'Operation cannot be fulfilled on {resource.resource} "{metadata.name}": the '
                "object has been modified; please apply your changes to the latest version and "
                "try again"
            )
        return resource, entry

    @staticmethod
    def _kept_identity(wanted: ObjectMeta, current: ObjectMeta) -> ObjectMeta:
        return wanted.replaced(
            uid=current.uid,
            resource_version=current.resource_version,
            generation=current.generation,
            creation_timestamp=current.creation_timestamp,
            deletion_timestamp=current.deletion_timestamp,
        )

    def _replace(self, resource: ResourceKind, old: Entry, wanted: T, generation: int) -> T:
        version = self._next_version()
        stored = wanted.replaced(
            metadata=wanted.metadata.replaced(resource_version=str(version), generation=generation)
        )
        self._put(EventType.MODIFIED, resource, stored, version, old)
        if stored.metadata.deletion_timestamp and not stored.metadata.finalizers:
            entry = self.entry(resource.model, stored.metadata.name, stored.metadata.namespace)
            if entry is not None:
                self._remove(entry)
        return stored

    def _put(
        self,
        type_: EventType,
        resource: ResourceKind,
        stored: Object,
        version: int,
        old: Entry | None,
    ) -> None:
        entry = make_entry(resource, stored, version)
        self._kinds.setdefault(resource.model, {})[entry.key] = entry
        if old is not None:
            self._views.pop(old.resource_version, None)
            self._disown(old)
        if entry.owner_uid:
            owned = self._owned.setdefault(entry.owner_uid, {})
            owned[(resource.model, entry.namespace, entry.name)] = None
        self._remember(version, stored)
        self._notify(StoreEvent(type_, entry, old))

    def _remove(self, entry: Entry) -> None:
        model = entry.model
        del self._kinds[model][entry.key]
        self._views.pop(entry.resource_version, None)
        self._disown(entry)
        version = self._next_version()
        gone = Entry(
            resource=entry.resource,
            namespace=entry.namespace,
            name=entry.name,
            uid=entry.uid,
            resource_version=version,
            labels=entry.labels,
            owner_kind=entry.owner_kind,
            owner_name=entry.owner_name,
            owner_uid=entry.owner_uid,
            deleting=True,
            raw=entry.raw,
        )
        self._notify(StoreEvent(EventType.DELETED, gone, entry))
        for child_model, namespace, name in list(self._owned.get(entry.uid, {})):
            if self.entry(child_model, name, namespace) is not None:
                self.delete(child_model, name, namespace)

    def _disown(self, entry: Entry) -> None:
        owned = self._owned.get(entry.owner_uid)
        if owned is not None:
            owned.pop((entry.model, entry.namespace, entry.name), None)
            if not owned:
                del self._owned[entry.owner_uid]

    def _remember(self, version: int, view: Object) -> None:
        if len(self._views) >= _VIEWS_KEPT:
            del self._views[next(iter(self._views))]
        self._views[version] = view

    def _notify(self, event: StoreEvent) -> None:
        for listener in tuple(self._listeners):
            listener(event)


def make_entry(resource: ResourceKind, obj: Object, version: int) -> Entry:
    """Index an object under its resourceVersion."""
    metadata = obj.metadata
    owner = next((ref for ref in metadata.owner_references if ref.controller), None)
    return Entry(
        resource=resource,
        namespace=metadata.namespace,
        name=metadata.name,
        uid=metadata.uid,
        resource_version=version,
        labels=metadata.labels,
        owner_kind=owner.kind if owner else "",
        owner_name=owner.name if owner else "",
        owner_uid=owner.uid if owner else "",
        deleting=metadata.deletion_timestamp is not None,
        raw=obj.encode(),
    )
