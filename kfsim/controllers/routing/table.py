"""The routing table under construction: entries with owners, and tables that share what stays.

Several owners may claim one host (a VirtualService and an Ingress); the claim of the lower rank
counts. A table copies only the mappings that changed, and equal entries stay the same objects.
"""

from collections.abc import Hashable, Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Generic, NamedTuple, TypeVar

from kfsim.base.types import HostRoute, RevisionKey, RevisionTarget, RoutingTable

KeyT = TypeVar("KeyT", bound=Hashable)


class Rank(IntEnum):
    """Whose claim counts first."""

    VIRTUAL_SERVICE = 0
    INGRESS = 1


class Claimant(NamedTuple):
    """An object that claims routes."""

    rank: Rank
    namespace: str
    name: str


class Claims(Generic[KeyT]):
    """Routes by key, each claimed by one owner or more."""

    def __init__(self) -> None:
        self._claims: dict[KeyT, dict[Claimant, HostRoute]] = {}
        self._keys: dict[Claimant, tuple[KeyT, ...]] = {}
        self._effective: dict[KeyT, HostRoute] = {}
        self.changed: dict[KeyT, None] = {}

    def get(self, key: KeyT) -> HostRoute | None:
        return self._effective.get(key)

    def put(self, claimant: Claimant, routes: Mapping[KeyT, HostRoute]) -> None:
        """Replace all that the claimant claims; nothing withdraws it."""
        for key in self._keys.pop(claimant, ()):
            if key not in routes:
                del self._claims[key][claimant]
                self._settle(key)
        for key, route in routes.items():
            self._claims.setdefault(key, {})[claimant] = route
            self._settle(key)
        if routes:
            self._keys[claimant] = tuple(routes)

    def snapshot(self) -> Mapping[KeyT, HostRoute]:
        self.changed.clear()
        return MappingProxyType(dict(self._effective))

    def _settle(self, key: KeyT) -> None:
        claims = self._claims[key]
        if not claims:
            del self._claims[key]
            if self._effective.pop(key, None) is not None:
                self.changed[key] = None
            return
        route = claims[min(claims)]
        if self._effective.get(key) != route:
            self._effective[key] = route
            self.changed[key] = None


class TableBuilder:
    """Collects changes and makes the next table of them."""

    def __init__(self) -> None:
        self.hosts: Claims[str] = Claims()
        self.services: Claims[tuple[str, str]] = Claims()
        self._targets: dict[RevisionKey, RevisionTarget] = {}
        self._targets_changed = False
        self._table = RoutingTable()

    def put_target(self, revision: RevisionKey, target: RevisionTarget | None) -> None:
        """None removes the revision."""
        if self._targets.get(revision) == target:
            return
        self._targets_changed = True
        if target is None:
            del self._targets[revision]
        else:
            self._targets[revision] = target

    def build(self) -> RoutingTable | None:
        """The next table, None when nothing changed since the last."""
        if not (self.hosts.changed or self.services.changed or self._targets_changed):
            return None
        last = self._table
        self._table = RoutingTable(
            epoch=last.epoch + 1,
            hosts=self.hosts.snapshot() if self.hosts.changed else last.hosts,
            services=self.services.snapshot() if self.services.changed else last.services,
            revisions=MappingProxyType(dict(self._targets))
            if self._targets_changed
            else last.revisions,
        )
        self._targets_changed = False
        return self._table
