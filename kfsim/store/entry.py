"""One stored object and one observed write."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import orjson

from kfsim.api.meta import Object
from kfsim.api.scheme import ResourceKind
from kfsim.store.packing import pack, unpack
from kfsim.store.sharing import NO_LABELS, Sharing


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Entry:
    """An object's bytes and what must be known of it without decoding them.

    `owner_*` are those of the managing owner reference, empty without one; `owner_uids` are those
    of every owner reference, which is what garbage collection looks at.

    A value, but for the form in which it keeps its bytes: `content` is the encoded object, or,
    once it is packed, what `template` makes of it.
    """

    resource: ResourceKind
    namespace: str
    name: str
    uid: str
    resource_version: int
    labels: Mapping[str, str]
    owner_kind: str
    owner_name: str
    owner_uid: str
    deleting: bool
    content: bytes = field(compare=False, repr=False)
    owner_uids: tuple[str, ...] = ()
    template: bytes | None = field(default=None, compare=False, repr=False)

    @property
    def raw(self) -> bytes:
        """The encoded object."""
        return self.content if self.template is None else unpack(self.content, self.template)

    def pack(self, template: bytes, sharing: Sharing) -> None:
        """Keep texts that others have too only once, and the bytes as their difference to
        `template`, where that saves memory. Idempotent."""
        if self.template is not None:
            return
        for name in ("namespace", "owner_kind", "owner_name", "owner_uid"):
            object.__setattr__(self, name, sharing.text(getattr(self, name)))
        object.__setattr__(self, "owner_uids", sharing.texts(self.owner_uids))
        object.__setattr__(self, "labels", sharing.labels(self.labels))
        packed = pack(self.content, template)
        if 2 * len(packed) < len(self.content):
            object.__setattr__(self, "content", packed)
            object.__setattr__(self, "template", template)

    @property
    def model(self) -> type[Object]:
        return self.resource.model

    @property
    def key(self) -> tuple[str, str]:
        return (self.namespace, self.name)


class EventType(StrEnum):
    """As a Kubernetes watch names them."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"


@dataclass(frozen=True, slots=True)
class StoreEvent:
    """One write. For DELETED, `entry` is the last state with the deletion's resourceVersion."""

    type: EventType
    entry: Entry
    old: Entry | None = None


def make_entry(
    resource: ResourceKind,
    obj: Object,
    version: int,
    *,
    raw: bytes | None = None,
    old: Entry | None = None,
) -> Entry:
    """Index an object under its resourceVersion.

    `raw` is its encoding where that is known, `old` its entry until now, whose texts it goes on to
    use: the index holds them already.
    """
    metadata = obj.metadata
    identity = metadata if old is None else old
    owners = metadata.owner_references
    owner = next((ref for ref in owners if ref.controller), None)
    return Entry(
        resource=resource,
        namespace=identity.namespace,
        name=identity.name,
        uid=identity.uid,
        resource_version=version,
        labels=metadata.labels or NO_LABELS,
        owner_kind=owner.kind if owner else "",
        owner_name=owner.name if owner else "",
        owner_uid=owner.uid if owner else "",
        deleting=metadata.deletion_timestamp is not None,
        content=obj.encode() if raw is None else raw,
        owner_uids=tuple(ref.uid for ref in owners),
    )


def restore_entry(resource: ResourceKind, raw: bytes, version: int, *, sharing: Sharing) -> Entry:
    """Index stored bytes without decoding them into a model; ValueError when they are no object."""
    text = sharing.text
    try:
        metadata: dict[str, Any] = orjson.loads(raw)["metadata"]
        owners: list[dict[str, Any]] = metadata.get("ownerReferences", [])
        owner = next((ref for ref in owners if ref.get("controller")), {})
        return Entry(
            resource=resource,
            namespace=text(metadata.get("namespace", "")),
            name=text(metadata["name"]),
            uid=text(metadata["uid"]),
            resource_version=version,
            labels=sharing.labels(metadata.get("labels", {})),
            owner_kind=text(owner.get("kind", "")),
            owner_name=text(owner.get("name", "")),
            owner_uid=text(owner.get("uid", "")),
            deleting="deletionTimestamp" in metadata,
            content=raw,
            owner_uids=sharing.texts(tuple(ref["uid"] for ref in owners)),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the stored bytes are no object: {error!r}") from error


def replace_version(raw: bytes, old: int, new: int) -> bytes:
    """An encoded object with another resourceVersion.

    The text is replaced in place: metadata comes before all else that could hold such a text, and
    the fields of metadata before resourceVersion (names, namespace, uid) cannot hold a bare quote.
    """
    return raw.replace(b'"resourceVersion":"%d"' % old, b'"resourceVersion":"%d"' % new, 1)


def with_version(entry: Entry, version: int) -> Entry:
    """The entry, marked as deleting, with another resourceVersion in its index and its bytes."""
    raw = replace_version(entry.raw, entry.resource_version, version)
    return replace(entry, resource_version=version, deleting=True, content=raw, template=None)
