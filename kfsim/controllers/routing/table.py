"""The routing table under construction: entries with owners, and tables that share what stays.

Several owners may claim one host (a VirtualService and an Ingress); the claim of the lower rank
counts. A table copies only what changed since the last ones, and equal entries stay the same
objects.
"""

from collections.abc import Hashable, Mapping
from enum import IntEnum
from typing import Generic, NamedTuple, TypeVar

from kfsim.base.layered import GONE, Gone, Layered
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
        self._snapshot: Layered[KeyT, HostRoute] = Layered()
        self.changed: dict[KeyT, HostRoute | Gone] = {}
        """What differs from the latest snapshot."""

    def get(self, key: KeyT) -> HostRoute | None:
        claims = self._claims.get(key)
        return claims[min(claims)] if claims else None

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
        self._snapshot = self._snapshot.changed(self.changed)
        self.changed = {}
        return self._snapshot

    def _settle(self, key: KeyT) -> None:
        """Note the key's route where it is another one than the latest told."""
        route = self.get(key)
        if route is None:
            del self._claims[key]
        if self.changed.get(key, self._snapshot.get(key, GONE)) != (
            GONE if route is None else route
        ):
            self.changed[key] = GONE if route is None else route


class TableBuilder:
    """Collects changes and makes the next table of them."""

    def __init__(self) -> None:
        self.hosts: Claims[str] = Claims()
        self.services: Claims[tuple[str, str]] = Claims()
        self._targets: Layered[RevisionKey, RevisionTarget] = Layered()
        self._targets_changed: dict[RevisionKey, RevisionTarget | Gone] = {}
        self._table = RoutingTable()

    def put_target(self, revision: RevisionKey, target: RevisionTarget | None) -> None:
        """None removes the revision."""
        wanted = GONE if target is None else target
        if self._targets_changed.get(revision, self._targets.get(revision, GONE)) != wanted:
            self._targets_changed[revision] = wanted

    def build(self) -> RoutingTable | None:
        """The next table, None when nothing changed since the last."""
        if not (self.hosts.changed or self.services.changed or self._targets_changed):
            return None
        last = self._table
        if self._targets_changed:
            self._targets = self._targets.changed(self._targets_changed)
            self._targets_changed = {}
        self._table = RoutingTable(
            epoch=last.epoch + 1,
            hosts=self.hosts.snapshot() if self.hosts.changed else last.hosts,
            services=self.services.snapshot() if self.services.changed else last.services,
            revisions=self._targets,
        )
        return self._table
