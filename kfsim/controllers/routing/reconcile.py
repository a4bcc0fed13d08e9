"""Applies the changes since the last table, publishes the next one, and tells the Ingresses.

There is one key. What changed is noted when the write happens (`note_*`), so a reconcile looks at
those objects only, however many there are.
"""

from collections.abc import Hashable, Iterator
from typing import TypeVar

from kfsim.api.conditions import ConditionSet
from kfsim.api.core import Endpoints
from kfsim.api.istio import VirtualService
from kfsim.api.knative import keys
from kfsim.api.knative.internal import Ingress, ServerlessService
from kfsim.api.knative.serving import Revision
from kfsim.base.clock import Clock, format_timestamp
from kfsim.base.ports import RouteSink
from kfsim.base.types import HostRoute, RevisionKey
from kfsim.controllers.routing.hosts import (
    default_route,
    ingress_hosts,
    rewrite_of,
    service_name,
)
from kfsim.controllers.routing.table import Claimant, Rank, TableBuilder
from kfsim.controllers.routing.targets import make_target
from kfsim.controllers.runtime import Key, Result
from kfsim.store import Entry, Store

KeyT = TypeVar("KeyT", bound=Hashable)
TABLE_KEY = Key("", "routing-table")
_PRIVATE = "-private"
_CONDITIONS = ConditionSet("Ready", ("NetworkConfigured", "LoadBalancerReady"))


class RoutingReconciler:
    """Builds and publishes the one routing table."""

    def __init__(self, *, store: Store, clock: Clock, route_sink: RouteSink) -> None:
        self._store = store
        self._clock = clock
        self._sink = route_sink
        self._table = TableBuilder()
        self._ingresses: dict[Key, None] = {}
        self._unmarked: dict[Key, None] = {}
        self._virtual_services: dict[Key, None] = {}
        self._revisions: dict[RevisionKey, None] = {}
        self._rewritten_to: dict[Key, str] = {}
        self._rewriters: dict[str, dict[Key, None]] = {}

    def note_ingress(self, entry: Entry) -> tuple[Key, ...]:
        self._ingresses[Key(entry.namespace, entry.name)] = None
        return (TABLE_KEY,)

    def note_virtual_service(self, entry: Entry) -> tuple[Key, ...]:
        self._virtual_services[Key(entry.namespace, entry.name)] = None
        return (TABLE_KEY,)

    def note_revision(self, entry: Entry) -> tuple[Key, ...]:
        """A Revision or its ServerlessService, which share a name."""
        self._revisions[RevisionKey(entry.namespace, entry.name)] = None
        return (TABLE_KEY,)

    def note_endpoints(self, entry: Entry) -> tuple[Key, ...]:
        """Only private Services have a say."""
        name = entry.labels.get(keys.REVISION) or entry.name.removesuffix(_PRIVATE)
        if name == entry.name:
            return ()
        self._revisions[RevisionKey(entry.namespace, name)] = None
        return (TABLE_KEY,)

    def reconcile(self, key: Key) -> Result:  # the one key says nothing
        self._apply()
        table = self._table.build()
        if table is not None:
            self._sink.publish(table)
        wall = format_timestamp(self._clock.wall())
        for unmarked in _taken(self._unmarked):
            self._mark_ready(unmarked, wall=wall)
        return Result()

    def _apply(self) -> None:
        """Take in what is noted. One that cannot be read is dropped, the others stay noted."""
        for revision in _taken(self._revisions):
            self._apply_revision(revision)
        for ingress in _taken(self._ingresses):
            self._apply_ingress(ingress)
            self._unmarked[ingress] = None
        for host in self._table.hosts.changed:
            self._virtual_services.update(self._rewriters.get(host, {}))
        for virtual_service in _taken(self._virtual_services):
            self._apply_virtual_service(virtual_service)

    def _apply_revision(self, key: RevisionKey) -> None:
        serverless = self._store.find(ServerlessService, key.name, key.namespace)
        revision = self._store.find(Revision, key.name, key.namespace)
        if serverless is None or revision is None:
            self._table.put_target(key, None)
            return
        private = serverless.status.private_service_name or f"{key.name}{_PRIVATE}"
        endpoints = self._store.find(Endpoints, private, key.namespace)
        self._table.put_target(key, make_target(revision, serverless, endpoints))

    def _apply_ingress(self, key: Key) -> None:
        claimant = Claimant(Rank.INGRESS, key.namespace, key.name)
        ingress = self._store.find(Ingress, key.name, key.namespace)
        if ingress is None:
            self._table.hosts.put(claimant, {})
            self._table.services.put(claimant, {})
            return
        hosts = ingress_hosts(ingress)
        self._table.hosts.put(claimant, hosts)
        route = default_route(ingress, hosts)
        self._put_service(claimant, service_name(ingress), route)

    def _apply_virtual_service(self, key: Key) -> None:
        claimant = Claimant(Rank.VIRTUAL_SERVICE, key.namespace, key.name)
        found = self._store.find(VirtualService, key.name, key.namespace)
        rewrite = rewrite_of(found) if found is not None else None
        self._remember_target(key, rewrite.target if rewrite is not None else "")
        target = self._table.hosts.get(rewrite.target) if rewrite is not None else None
        if rewrite is None or target is None:
            self._table.hosts.put(claimant, {})
            self._table.services.put(claimant, {})
            return
        route = rewrite.route(key.namespace, key.name, target)
        self._table.hosts.put(claimant, dict.fromkeys(rewrite.hosts, route))
        self._put_service(claimant, key.name, route)

    def _put_service(self, claimant: Claimant, name: str, route: HostRoute | None) -> None:
        """Its path, where that does not follow from its host already."""
        namespace = claimant.namespace
        if route is None or self._table.hosts.get(f"{name}.{namespace}") is route:
            self._table.services.put(claimant, {})
        else:
            self._table.services.put(claimant, {(namespace, name): route})

    def _remember_target(self, key: Key, target: str) -> None:
        known = self._rewritten_to.pop(key, "")
        if known != target and known:
            self._rewriters[known].pop(key, None)
            if not self._rewriters[known]:
                del self._rewriters[known]
        if target:
            self._rewritten_to[key] = target
            self._rewriters.setdefault(target, {})[key] = None

    def _mark_ready(self, key: Key, *, wall: str) -> None:
        ingress = self._store.find(Ingress, key.name, key.namespace)
        if ingress is None:
            return
        conditions = _CONDITIONS.manager(ingress.status.conditions, wall=wall)
        for type_ in _CONDITIONS.dependents:
            conditions.mark_true(type_)
        self._store.update_status(
            ingress.replaced(
                status=ingress.status.replaced(
                    observed_generation=ingress.metadata.generation,
                    conditions=conditions.result(),
                )
            )
        )


def _taken(noted: dict[KeyT, None]) -> Iterator[KeyT]:
    """Each key in the order noted, taken off before it is used."""
    while noted:
        key = next(iter(noted))
        del noted[key]
        yield key
