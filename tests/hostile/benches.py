"""The request path in one process, without sockets: bytes in by `send`, out by `received`.

The parsers, the exchange, the flow core and the counters are the real ones; only the transports
and the making of connections are not, so that any split of the bytes can be tried by the thousand.
"""

from collections import deque
from collections.abc import Callable

from kfsim.base.clock import RealClock
from kfsim.base.entropy import SeededEntropy
from kfsim.base.types import (
    Endpoint,
    HostRoute,
    ReplicaKey,
    RevisionKey,
    RevisionTarget,
    RoutingTable,
    ServiceMode,
    WeightedRevision,
)
from kfsim.dataplane.connections import OpenConnections
from kfsim.dataplane.forwarding import RequestIds
from kfsim.dataplane.http1.client import ClientConnection
from kfsim.dataplane.http1.upstream import UpstreamConnection
from kfsim.dataplane.http1.upstream_pool import UpstreamPool
from kfsim.dataplane.limits import Limits
from kfsim.dataplane.plane import Plane
from kfsim.dataplane.routing import Router
from kfsim.flow import FlowCore
from tests.hostile.strict import Seen, StrictParser

REVISION = RevisionKey("default", "iris-predictor-00001")
ENDPOINT = Endpoint(ReplicaKey("default", "pod-1"), "127.0.0.1", 9)
Respond = Callable[[Seen], bytes]


def say_ok(seen: Seen) -> bytes:
    """What each request is answered with unless a test says otherwise."""
    return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + (
        b"" if seen.method == b"HEAD" else b"ok"
    )


class FakeTransport:
    """One side of a connection; whoever is on the other side gets what is written."""

    def __init__(self, take: Callable[[bytes], None], lost: Callable[[], None]) -> None:
        self._take = take
        self._lost = lost
        self.closing = False
        self.reading = True

    def write(self, data: bytes) -> None:
        if self.closing:
            raise RuntimeError("uvloop raises on a write to a closed transport")
        self._take(bytes(data))

    def writelines(self, parts) -> None:
        self.write(b"".join(parts))

    def write_eof(self) -> None:
        """The lingering close; nothing more may be written."""
        self._lost()
        self.closing = True

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        if not self.closing:
            self.closing = True
            self._lost()

    abort = close

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def is_reading(self) -> bool:
        return self.reading

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0

    def get_extra_info(self, name: str):
        return ("127.0.0.1", 40000) if name == "peername" else None

    def set_protocol(self, protocol) -> None:
        self.protocol = protocol


class _Pool(UpstreamPool):
    """Opens connections to the bench's own replica, at once."""

    def __init__(self, limits: Limits, bench: "Bench") -> None:
        super().__init__(limits)
        self._bench = bench

    def connect(self, endpoint: Endpoint, asker) -> None:
        connection = UpstreamConnection(self._bench.limits, self, (endpoint.host, endpoint.port))
        self._bench.open_upstream(connection)
        asker.connected(connection)


class _NoTimer:
    def arm(self) -> None: ...


class Bench:
    """One client connection and a replica that reads strictly."""

    def __init__(self, respond: Respond = say_ok, make_client=None) -> None:
        """`make_client(plane, connections)`: one that reads HTTP/1.1 unless given."""
        self.limits = Limits()
        self.respond = respond
        self.parsers: list[StrictParser] = []
        self.seen: list[Seen] = []
        self.received = b""
        self._due: deque[Callable[[], None]] = deque()
        clock, flow = RealClock(), FlowCore(entropy=SeededEntropy(1))
        self.plane = Plane(
            clock=clock,
            entropy=SeededEntropy(2),
            flow=flow,
            router=Router(),
            pool=_Pool(self.limits, self),
            timer=_NoTimer(),
            limits=self.limits,
            request_ids=RequestIds(SeededEntropy(3)),
            api="http://127.0.0.1:8001",
        )
        self._publish()
        self.connections = OpenConnections()
        make_client = make_client or (lambda *parts: ClientConnection(*parts, None))
        self.client = make_client(self.plane, self.connections)
        self.transport = FakeTransport(
            self._take, lambda: self._due.append(lambda: self.client.connection_lost(None))
        )
        self.client.connection_made(self.transport)

    def _publish(self) -> None:
        target = RevisionTarget(revision=REVISION, mode=ServiceMode.SERVE, endpoints=(ENDPOINT,))
        route = HostRoute("default", "iris", (WeightedRevision(REVISION, 100),))
        self.plane.router.publish(
            RoutingTable(
                epoch=1,
                hosts={"iris.default": route},
                services={("default", "iris"): route},
                revisions={REVISION: target},
            )
        )
        self.plane.flow.update(target, self.plane.clock.now())

    @property
    def closed(self) -> bool:
        return self.transport.closing

    def send(self, *reads: bytes) -> None:
        """Each is one read of the gateway's; between two of them everything settles."""
        for data in reads:
            if not self.transport.closing:
                self.client.data_received(data)
            self.settle()

    def settle(self) -> None:
        while self._due:
            self._due.popleft()()

    def leave(self) -> None:
        """The client goes; then the books must be in balance."""
        self.transport.close()
        self.settle()
        counters = self.plane.counters
        assert counters.open == 0, f"{counters.open} requests never ended"
        assert sum(parser.heads for parser in self.parsers) <= counters.begun + counters.retries
        assert len(self.connections) == 0

    def open_upstream(self, connection: UpstreamConnection) -> None:
        parser = StrictParser()
        self.parsers.append(parser)

        def take(data: bytes) -> None:
            before = len(parser.requests)
            parser.feed(data)
            for seen in parser.requests[before:]:
                self.seen.append(seen)
                self._due.append(lambda seen=seen: self._answer(connection, transport, seen))

        transport = FakeTransport(
            take, lambda: self._due.append(lambda: connection.connection_lost(None))
        )
        connection.connection_made(transport)

    def _answer(self, connection: UpstreamConnection, transport: FakeTransport, seen: Seen) -> None:
        if not transport.closing:
            connection.data_received(self.respond(seen))

    def _take(self, data: bytes) -> None:
        self.received += data
