"""Idle connections to replicas, newest first, and the making of new ones.

A new connection is the only thing on the request path that has a task: one per connection, never
per request.
"""

import asyncio
from typing import cast

from kfsim.base.tasks import TaskSet
from kfsim.base.types import Endpoint
from kfsim.dataplane.http1.upstream import Keeper, UpstreamConnection
from kfsim.dataplane.limits import Limits
from kfsim.dataplane.upstream import Address, UpstreamUser


class UpstreamPool(Keeper):
    """Connections by address."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._idle: dict[Address, list[UpstreamConnection]] = {}
        self._idle_count = 0
        self.opened = 0
        self.failed = 0
        self._tasks = TaskSet("upstream")

    @property
    def idle(self) -> int:
        return self._idle_count

    def take(self, endpoint: Endpoint) -> UpstreamConnection | None:
        """The idle connection that was used last, if any is still usable."""
        idle = self._idle.get((endpoint.host, endpoint.port))
        while idle:
            connection = idle.pop()
            self._idle_count -= 1
            if connection.usable:
                connection.reused = True
                return connection
        return None

    def connect(self, endpoint: Endpoint, asker: UpstreamUser) -> None:
        """Open a connection; the asker is told."""
        self._tasks.spawn(self._connect((endpoint.host, endpoint.port), asker), name="connect")

    def close_idle(self, endpoint: Endpoint) -> None:
        """Drop the idle connections to a replica that has left."""
        self.distrust((endpoint.host, endpoint.port))

    def distrust(self, address: Address) -> None:
        """Drop the idle connections to an address.

        When a process dies its sockets close one after the other: a request sent on one that is
        still open would be lost, where a new connection is refused and goes elsewhere."""
        for connection in self._idle.pop(address, ()):
            self._idle_count -= 1
            connection.drop()

    async def close(self) -> None:
        await self._tasks.close()
        for idle in self._idle.values():
            for connection in idle:
                connection.drop()
        self._idle.clear()
        self._idle_count = 0

    async def _connect(self, address: Address, asker: UpstreamUser) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._limits.connect_timeout):
                # A class that is compiled is no subclass of asyncio's; its methods are what counts.
                connection = UpstreamConnection(self._limits, self, address)
                await loop.create_connection(lambda: cast(asyncio.Protocol, connection), *address)
        except TimeoutError:
            self.failed += 1
            asker.connect_failed(f"no connection within {self._limits.connect_timeout:g} s")
        except OSError as error:
            self.failed += 1
            asker.connect_failed(f"connecting to {address[0]}:{address[1]} failed: {error}")
        else:
            self.opened += 1
            asker.connected(connection)

    def keep(self, connection: UpstreamConnection) -> None:
        """Take a connection that has nothing to do."""
        idle = self._idle.setdefault(connection.address, [])
        if (
            len(idle) >= self._limits.idle_upstreams_per_endpoint
            or self._idle_count >= self._limits.idle_upstreams
        ):
            connection.drop()
            return
        idle.append(connection)
        self._idle_count += 1

    def forget(self, connection: UpstreamConnection) -> None:
        """It has closed."""
        idle = self._idle.get(connection.address, [])
        if connection in idle:
            idle.remove(connection)
            self._idle_count -= 1
            if not idle:
                del self._idle[connection.address]
