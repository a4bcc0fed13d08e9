"""Which revision a request goes to, by host, by path, and by weight.

A table is swapped whole: a request that starts after `publish` sees only the new one. What a host
resolves to is remembered until the next table, so the common request costs one dict look-up and,
for a split route, one draw.
"""

from bisect import bisect_right
from itertools import accumulate

from kfsim.base.entropy import Entropy
from kfsim.base.types import HostRoute, RevisionKey, RoutingTable, ServiceName

_MOST_REMEMBERED = 4096
_ROUTES_KEPT = 256  # made of routes of this table or of earlier ones
_PATH_PREFIX = b"/serving/"


class Route:
    """A HostRoute made ready for requests. `appended` are whole header lines."""

    __slots__ = ("_bounds", "_revisions", "appended", "name", "namespace")

    def __init__(self, route: HostRoute) -> None:
        split = [share for share in route.split if share.percent > 0]
        self._revisions = tuple(share.revision for share in split)
        self._bounds = tuple(accumulate(share.percent for share in split))
        self.namespace = route.namespace
        self.name = route.name
        self.appended = b"".join(
            f"{name}: {value}\r\n".encode("latin-1") for name, value in route.append_headers
        )

    def pick(self, entropy: Entropy) -> RevisionKey | None:
        """The revision for one request; None when no revision has any share."""
        if len(self._revisions) == 1:
            return self._revisions[0]
        if not self._revisions:
            return None
        return self._revisions[bisect_right(self._bounds, entropy.below(self._bounds[-1]))]


def parse_host_labels(host: bytes) -> str:
    """The table's key for a Host header: its first two labels in lower case."""
    name = host.lower().decode("latin-1")
    if name.startswith("["):
        return ""
    return ".".join(name.partition(":")[0].split(".", 2)[:2])


class Router:
    """Resolves requests against the table in force."""

    def __init__(self) -> None:
        self.table = RoutingTable()
        self.epoch = 0
        """How many tables have been published; whoever remembers a route keeps this with it."""
        self._routes: dict[int, tuple[HostRoute, Route]] = {}
        self._routes_due = _ROUTES_KEPT
        self._by_host: dict[bytes, Route | None] = {}
        self._by_service: dict[ServiceName, Route] = {}

    def publish(self, table: RoutingTable) -> None:
        """Swap the table; routes that are the same objects keep what was made of them."""
        if len(self._routes) > self._routes_due:
            self._drop_outdated(table)
        self._by_host = {}
        self._by_service = {}
        self.table = table
        self.epoch += 1

    def _drop_outdated(self, table: RoutingTable) -> None:
        """Keep what was made of the table's routes. Looks at all of them, so it is done once the
        number of those kept has doubled."""
        current = {
            id(route) for routes in (table.hosts, table.services) for route in routes.values()
        }
        self._routes = {key: made for key, made in self._routes.items() if key in current}
        self._routes_due = max(_ROUTES_KEPT, 2 * len(self._routes))

    def resolve(self, host: bytes, target: bytes) -> tuple[Route | None, bytes]:
        """The route and the target to forward: a path form's prefix is taken off."""
        try:
            route = self._by_host[host]
        except KeyError:
            route = self._remember(host)
        if route is None and target.startswith(_PATH_PREFIX):
            return self._resolve_path(target)
        return route, target

    def resolve_service(self, service: ServiceName) -> Route | None:
        """The route of one service, whatever the request's host; a tag's Service is a host only."""
        route = self._by_service.get(service)
        if route is None:
            table, (namespace, name) = self.table, service
            found = table.services.get(service) or table.hosts.get(f"{name}.{namespace}")
            if found is not None:
                route = self._by_service[service] = self._prepare(found)
        return route

    def known_hosts(self) -> list[str]:
        return sorted(self.table.hosts)

    def _remember(self, host: bytes) -> Route | None:
        found = self.table.hosts.get(parse_host_labels(host))
        route = None if found is None else self._prepare(found)
        if len(self._by_host) >= _MOST_REMEMBERED:
            self._by_host.clear()
        self._by_host[host] = route
        return route

    def _prepare(self, found: HostRoute) -> Route:
        made = self._routes.get(id(found))
        if made is None or made[0] is not found:
            made = self._routes[id(found)] = (found, Route(found))
        return made[1]

    def _resolve_path(self, target: bytes) -> tuple[Route | None, bytes]:
        path, question, query = target.partition(b"?")
        parts = path.split(b"/", 4)  # "", "serving", NAMESPACE, NAME, rest
        if len(parts) < 4:
            return None, target
        route = self.resolve_service(
            ServiceName(parts[2].decode("latin-1"), parts[3].decode("latin-1"))
        )
        if route is None:
            return None, target
        rest = b"/" + parts[4] if len(parts) == 5 else b"/"
        return route, rest + question + query
