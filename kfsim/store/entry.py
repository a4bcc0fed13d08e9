"""One stored object and one observed write."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from kfsim.api.meta import Object
from kfsim.api.scheme import ResourceKind


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Entry:
    """An object's bytes and what must be known of it without decoding them.

    `owner_*` are those of the managing owner reference; empty without one.
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
    raw: bytes

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
