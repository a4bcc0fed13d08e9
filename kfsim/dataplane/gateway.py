"""The gateway: listeners, and the three ports by which controllers reach the data plane."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from typing import NamedTuple, cast

from kfsim.base.clock import Clock
from kfsim.base.entropy import Entropy
from kfsim.base.layered import differing_keys
from kfsim.base.types import (
    ReplicaKey,
    RevisionKey,
    RevisionTarget,
    RoutingTable,
    ServiceMode,
    ServiceName,
    Stat,
)
from kfsim.dataplane.cold_starts import ColdStarts
from kfsim.dataplane.connections import OpenConnections
from kfsim.dataplane.counters import Counters
from kfsim.dataplane.crowd import TurnedAway
from kfsim.dataplane.deadline_timer import DeadlineTimer
from kfsim.dataplane.drains import Drains
from kfsim.dataplane.durations import RequestDurations
from kfsim.dataplane.forwarding import RequestIds
from kfsim.dataplane.http1.client import ClientConnection
from kfsim.dataplane.http1.upstream_pool import UpstreamPool
from kfsim.dataplane.http2.server import ClientLink
from kfsim.dataplane.limits import Limits
from kfsim.dataplane.plane import Plane
from kfsim.dataplane.refusals import Refusals
from kfsim.dataplane.rest import Looks
from kfsim.dataplane.routing import Router
from kfsim.dataplane.sniff import SniffingConnection
from kfsim.flow import FlowCore

_BUSY_SECONDS = 0.1


class UpstreamCounts(NamedTuple):
    """Connections to replicas: opened and failed since the start, idle now."""

    opened: int
    failed: int
    idle: int


class Gateway:
    """RouteSink, StatSource and DrainGate over real sockets.

    `api` is the API's URL, named to clients that took the gateway for it. All methods belong to
    the loop's thread.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        entropy: Entropy,
        flow: FlowCore,
        limits: Limits | None = None,
        api: str = "http://127.0.0.1:8001",
    ) -> None:
        limits = limits or Limits()
        self._plane = Plane(
            clock=clock,
            entropy=entropy,
            flow=flow,
            router=Router(),
            pool=UpstreamPool(limits),
            timer=DeadlineTimer(flow, clock),
            limits=limits,
            request_ids=RequestIds(entropy),
            api=api,
        )
        self._drains = Drains(flow, clock)
        self._servers: list[asyncio.Server] = []
        self._connections = OpenConnections()
        # What components call each other through; it outlasts the rest when the gateway closes.
        self._inner_servers: list[asyncio.Server] = []
        self._inner_connections = OpenConnections()
        self._turned_away = OpenConnections()
        self._looks = Looks(
            clock,
            self._plane.buffered,
            self._connections,
            self._inner_connections,
            self._turned_away,
        )
        self._seen_begun = 0
        self._busy_until = 0.0

    @property
    def counters(self) -> Counters:
        return self._plane.counters

    @property
    def refusals(self) -> Refusals:
        return self._plane.refusals

    @property
    def cold_starts(self) -> ColdStarts:
        """The latest answer from zero of each revision."""
        return self._plane.cold_starts

    @property
    def durations(self) -> RequestDurations:
        """How long requests took, by revision."""
        return self._plane.durations

    def load(self, revision: RevisionKey) -> tuple[int, int]:
        """Requests at the revision's replicas, and those that wait for one."""
        flow = self._plane.flow
        return flow.running(revision), flow.held(revision)

    def through_activator(self, revision: RevisionKey) -> int:
        """The revision's requests that passed the activator and are not over."""
        return self._plane.flow.through_activator(revision)

    @property
    def upstreams(self) -> UpstreamCounts:
        """Of both protocols together."""
        one, two = self._plane.pool, self._plane.http2_pool
        return UpstreamCounts(one.opened + two.opened, one.failed + two.failed, one.idle + two.idle)

    @property
    def busy(self) -> bool:
        """Whether requests are in, or were a moment ago: other work on the loop then keeps its
        turns short. See docs/decisions/0020-one-loop.md."""
        counters, now = self._plane.counters, self._plane.clock.now()
        if counters.begun != self._seen_begun:
            self._seen_begun = counters.begun
            self._busy_until = now + _BUSY_SECONDS
        return now < self._busy_until or counters.open > 0

    @property
    def open_connections(self) -> int:
        return len(self._connections) + len(self._inner_connections)

    @property
    def open_streams(self) -> int:
        """HTTP/2 streams of all connections."""
        groups = (self._connections, self._inner_connections)
        return sum(connection.open_streams() for group in groups for connection in group)

    @property
    def buffered_bytes(self) -> int:
        """What connections and requests hold together; exact to the latest look."""
        return self._plane.buffered.total

    # Listening

    async def serve(self, host: str, port: int, *, service: ServiceName | None = None) -> int:
        """Listen, and return the bound port (port 0 takes any free one); OSError when in use.

        With `service` (namespace, name), every request there goes to that service, whatever its
        Host says: that is how cluster-local names are reached over loopback.
        """
        server = await asyncio.get_running_loop().create_server(
            self._make_protocols(service, connections=self._connections), host, port
        )
        self._servers.append(server)
        bound: int = server.sockets[0].getsockname()[1]
        return bound

    async def serve_socket(
        self,
        listening: socket.socket,
        *,
        service: ServiceName | None = None,
        admits: Callable[[str], bool] | None = None,
    ) -> asyncio.Server:
        """Serve a socket that is bound already, for calls from inside, and own it; see `serve`.

        The server may be closed before the gateway is. Peers whose address `admits` denies are
        cut before anything is read from them.
        """
        server = await asyncio.get_running_loop().create_server(
            self._make_protocols(service, connections=self._inner_connections, admits=admits),
            sock=listening,
        )
        self._inner_servers.append(server)
        return server

    def _make_protocols(
        self,
        service: ServiceName | None,
        *,
        connections: OpenConnections,
        admits: Callable[[str], bool] | None = None,
    ) -> Callable[[], asyncio.Protocol]:
        plane = self._plane

        def make_http1() -> asyncio.Protocol:
            # A class that is compiled is no subclass of asyncio's; its methods are what counts.
            made = ClientConnection(plane, connections, service, make_http2=make_link)
            return cast(asyncio.Protocol, made)

        def make_link() -> ClientLink:
            return ClientLink(plane, connections, service)

        def make_http2() -> asyncio.Protocol:
            return cast(asyncio.Protocol, make_link())

        self._looks.start()
        limits = plane.limits

        def make_protocol() -> asyncio.Protocol:
            if len(connections) >= limits.connections:
                return TurnedAway(
                    self._turned_away, plane.refusals, limit=limits.connections, admits=admits
                )
            return SniffingConnection(
                make_http1, make_http2, connections, head_timeout=limits.head_timeout, admits=admits
            )

        return make_protocol

    async def close(self, drain: float = 0.0) -> None:
        """Accept nothing more, give running requests `drain` seconds, then cut what is left.

        Components go on calling each other until the last request from outside has ended.
        """
        for server in self._servers:
            server.close()
        await self._connections.close(drain)
        for server in self._inner_servers:
            server.close()
        await self._inner_connections.close(0.0)
        await self._turned_away.close(0.0)
        await self._plane.pool.close()
        await self._plane.http2_pool.close()
        self._plane.timer.close()
        self._looks.close()

    # RouteSink

    def publish(self, table: RoutingTable) -> None:
        """See `base.ports.RouteSink`."""
        plane, now = self._plane, self._plane.clock.now()
        before = plane.router.table
        plane.router.publish(table)
        revisions = differing_keys(before.revisions, table.revisions)
        for revision in revisions:
            self._close_idle(before.revisions.get(revision), table.revisions.get(revision))
        for revision in revisions:
            target = table.revisions.get(revision)
            if target is not None:
                plane.flow.update(target, now)
        # Last, so that what these hold finds the revisions that take it over.
        for revision in revisions:
            if revision not in table.revisions:
                plane.flow.remove(revision, now)
                plane.durations.forget(revision)

    def _close_idle(self, before: RevisionTarget | None, after: RevisionTarget | None) -> None:
        """Let go of connections to replicas that a revision no longer has."""
        kept = after.endpoints if after is not None else ()
        for endpoint in before.endpoints if before is not None else ():
            if endpoint not in kept:
                self._plane.pool.close_idle(endpoint)
                self._plane.http2_pool.close_idle(endpoint)

    def activator_in_path(self, revision: RevisionKey) -> bool:
        """See `base.ports.RouteSink`."""
        target = self._plane.router.table.revisions.get(revision)
        return target is not None and (target.mode is ServiceMode.PROXY or not target.endpoints)

    # StatSource

    def collect(self, now: float) -> Sequence[Stat]:
        """See `base.ports.StatSource`."""
        return self._plane.flow.collect(now)

    def on_poke(self, callback: Callable[[RevisionKey, Stat], None]) -> None:
        """See `base.ports.StatSource`."""
        self._plane.flow.on_poke(callback)

    # DrainGate

    def begin(self, replica: ReplicaKey, *, grace: float, done: Callable[[], None]) -> None:
        """See `base.ports.DrainGate`."""
        self._drains.begin(replica, grace=grace, done=done)
