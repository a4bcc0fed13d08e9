"""A gateway on loopback, with replicas that are small real servers."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager

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
from kfsim.dataplane import Gateway, Limits
from kfsim.flow import FlowCore

REVISION = RevisionKey("default", "iris-predictor-00001")
HOST = "iris.default.localhost"
Handler = Callable[["Replica", "Received", asyncio.StreamWriter], Awaitable[None]]


class Received:
    """A request as it reached a replica."""

    def __init__(self, head: bytes, reader: asyncio.StreamReader) -> None:
        lines = head.decode("latin-1").split("\r\n")
        self.request_line = lines[0]
        self.method, self.target, _ = lines[0].split(" ")
        pairs = [line.split(": ", 1) for line in lines[1:] if line]
        self.headers = {name.lower(): value for name, value in pairs}
        self.reader = reader

    async def body(self) -> bytes:
        if "chunked" in self.headers.get("transfer-encoding", ""):
            parts = []
            while size := int(await self.reader.readline(), 16):
                parts.append(await self.reader.readexactly(size))
                await self.reader.readexactly(2)
            await self.reader.readexactly(2)
            return b"".join(parts)
        return await self.reader.readexactly(int(self.headers.get("content-length", "0")))


async def answer_ok(replica: "Replica", request: Received, writer: asyncio.StreamWriter) -> None:
    """Answers with the method, target and body that it got."""
    body = f"{request.method} {request.target} ".encode() + await request.body()
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


class Replica:
    """One HTTP/1.1 server; keeps what it received and counts its connections."""

    def __init__(self, number: int, handler: Handler = answer_ok) -> None:
        self.key = ReplicaKey("default", f"pod-{number}")
        self.handler = handler
        self.received: list[Received] = []
        self.connections = 0
        self.arrived = asyncio.Event()
        self.gone = asyncio.Event()
        self.gate = asyncio.Event()
        self.endpoint = Endpoint(self.key, "127.0.0.1", 1)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.endpoint = Endpoint(self.key, "127.0.0.1", port)

    def stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()

    async def stop(self) -> None:
        self.stop_listening()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())
        self.connections += 1
        try:
            while not writer.is_closing():
                request = Received(await reader.readuntil(b"\r\n\r\n"), reader)
                self.received.append(request)
                self.arrived.set()
                await self.handler(self, request, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, ValueError):
            self.gone.set()
        except asyncio.CancelledError:
            pass  # the test is over
        finally:
            writer.close()


class World:
    """A gateway and its table."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.flow = FlowCore(entropy=SeededEntropy(1))
        self.gateway = Gateway(
            clock=RealClock(), entropy=SeededEntropy(2), flow=self.flow, limits=limits
        )
        self.port = 0
        self.epoch = 0

    def route(self, *replicas: Replica, mode: ServiceMode = ServiceMode.SERVE, **fields) -> None:
        """Publish one service whose one revision runs on these replicas."""
        endpoints = tuple(replica.endpoint for replica in replicas)
        self.publish(RevisionTarget(revision=REVISION, mode=mode, endpoints=endpoints, **fields))

    def publish(self, *targets: RevisionTarget, percents: tuple[int, ...] = (100,)) -> None:
        split = tuple(
            WeightedRevision(target.revision, percent)
            for target, percent in zip(targets, percents, strict=True)
        )
        route = HostRoute("default", "iris", split, append_headers=(("KServe-Isvc-Name", "iris"),))
        self.epoch += 1
        self.gateway.publish(
            RoutingTable(
                epoch=self.epoch,
                hosts={"iris.default": route},
                services={("default", "iris"): route},
                revisions={target.revision: target for target in targets},
            )
        )

    async def connect(self, **options) -> "Client":
        return Client(*await asyncio.open_connection("127.0.0.1", self.port, **options))

    async def ask(self, *args, **options) -> "Reply":
        """One request on a connection of its own."""
        client = await self.connect()
        try:
            client.send(*args, **options)
            return await client.reply()
        finally:
            client.close()


class Reply:
    def __init__(self, head: bytes, body: bytes) -> None:
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split(" ")[1])
        pairs = [line.split(": ", 1) for line in lines[1:] if line]
        self.headers = {name.lower(): value for name, value in pairs}
        self.body = body

    @property
    def text(self) -> str:
        return self.body.decode()


class Client:
    """A raw HTTP/1.1 client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._methods: list[str] = []

    def send(
        self,
        target: str = "/",
        *,
        method: str = "GET",
        host: str = HOST,
        body: bytes = b"",
        more="",
    ) -> None:
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        self._methods.append(method)
        head = f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n{length}{more}\r\n"
        self.writer.write(head.encode() + body)

    def expect(self, method: str) -> None:
        """For a request that was not sent by `send`: its reply's form depends on the method."""
        self._methods.append(method)

    async def head(self) -> bytes:
        return await self.reader.readuntil(b"\r\n\r\n")

    async def reply(self) -> Reply:
        reply = Reply(await self.head(), b"")
        method = self._methods.pop(0) if self._methods else "GET"
        if method == "HEAD" or reply.status in (204, 304):
            return reply
        if reply.headers.get("transfer-encoding") == "chunked":
            while size := int(await self.reader.readline(), 16):
                reply.body += await self.reader.readexactly(size)
                await self.reader.readexactly(2)
            await self.reader.readexactly(2)
        elif "content-length" in reply.headers:
            reply.body = await self.reader.readexactly(int(reply.headers["content-length"]))
        else:
            reply.body = await self.reader.read()
        return reply

    def close(self) -> None:
        self.writer.close()


@asynccontextmanager
async def running(*replicas: Replica, limits: Limits | None = None):
    """Start replicas and a gateway; checks afterwards that every request went out by a door."""
    world = World(limits)
    for replica in replicas:
        await replica.start()
    world.port = await world.gateway.serve("127.0.0.1", 0)
    try:
        async with asyncio.timeout(8):
            yield world
    finally:
        await world.gateway.close()
        for replica in replicas:
            await replica.stop()
        await asyncio.sleep(0)
    await until(lambda: not world.gateway.open_connections)
    assert world.gateway.counters.open == 0


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop run until something that must happen has happened."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)
