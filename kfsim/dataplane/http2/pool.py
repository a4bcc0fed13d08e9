"""The HTTP/2 connections to replicas: one for an address, more when its streams are used up."""

import asyncio
from typing import cast

from kfsim.base.clock import Clock
from kfsim.base.tasks import TaskSet
from kfsim.base.types import Endpoint
from kfsim.dataplane.http2.flusher import Flusher
from kfsim.dataplane.http2.header_blocks import BlockEncoder
from kfsim.dataplane.http2.upstream import LinkKeeper, ReplicaLink, ReplicaStream
from kfsim.dataplane.limits import Limits
from kfsim.dataplane.refusals import Refusals
from kfsim.dataplane.upstream import Address, UpstreamUser


class Http2Pool(LinkKeeper):
    """Connections by address. `encoder` and `flusher` serve the clients' connections as well."""

    def __init__(self, *, limits: Limits, clock: Clock, refusals: Refusals) -> None:
        self._limits = limits
        self._clock = clock
        self._refusals = refusals
        self._links: dict[Address, list[ReplicaLink]] = {}
        self._askers: dict[Address, list[UpstreamUser]] = {}
        """Who waits for the connection that is being made."""
        self._tasks = TaskSet("http2 upstream")
        self.encoder = BlockEncoder()
        self.flusher = Flusher()
        self.opened = 0
        self.failed = 0

    @property
    def idle(self) -> int:
        """Connections without a request."""
        return sum(link.idle for links in self._links.values() for link in links)

    def take(self, endpoint: Endpoint) -> ReplicaStream | None:
        """Room for one request on an open connection, if there is any."""
        for link in self._links.get((endpoint.host, endpoint.port), ()):
            if link.usable:
                return ReplicaStream(link, reused=True)
        return None

    def connect(self, endpoint: Endpoint, asker: UpstreamUser) -> None:
        """Open a connection, unless one to the address is being opened already; the asker is
        told."""
        address = (endpoint.host, endpoint.port)
        askers = self._askers.setdefault(address, [])
        askers.append(asker)
        if len(askers) == 1:
            self._tasks.spawn(self._connect(address), name="connect")

    def close_idle(self, endpoint: Endpoint) -> None:
        """A replica has left: its connections close after their last requests."""
        for link in self._links.pop((endpoint.host, endpoint.port), ()):
            link.retire()

    def forget(self, link: ReplicaLink) -> None:
        """See `LinkKeeper`."""
        links = self._links.get(link.address)
        if links is not None and link in links:
            links.remove(link)
            if not links:
                del self._links[link.address]

    async def close(self) -> None:
        await self._tasks.close()
        for links in tuple(self._links.values()):
            for link in tuple(links):
                link.close_now()
        self._links.clear()

    async def _connect(self, address: Address) -> None:
        loop = asyncio.get_running_loop()
        problem = ""
        link = ReplicaLink(
            address,
            self,
            limits=self._limits,
            clock=self._clock,
            refusals=self._refusals,
            encoder=self.encoder,
            flusher=self.flusher,
        )
        try:
            async with asyncio.timeout(self._limits.connect_timeout):
                # A class that is compiled is no subclass of asyncio's; its methods are what counts.
                await loop.create_connection(lambda: cast(asyncio.Protocol, link), *address)
        except TimeoutError:
            problem = f"no connection within {self._limits.connect_timeout:g} s"
        except OSError as error:
            problem = f"connecting to {address[0]}:{address[1]} failed: {error}"
        askers = self._askers.pop(address)
        if problem:
            self.failed += 1
            for asker in askers:
                asker.connect_failed(problem)
            return
        self.opened += 1
        self._links.setdefault(address, []).append(link)
        self._hand_out(link, address, askers)

    def _hand_out(self, link: ReplicaLink, address: Address, askers: list[UpstreamUser]) -> None:
        self.flusher.enter()
        try:
            for asker in askers:
                if link.usable:
                    asker.connected(ReplicaStream(link, reused=False))
                else:  # more than one connection takes
                    self._askers.setdefault(address, []).append(asker)
        finally:
            self.flusher.leave()
        if self._askers.get(address):
            self._tasks.spawn(self._connect(address), name="connect")
