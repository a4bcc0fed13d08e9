"""The websockets library, with its own server as the replica."""

import pytest
import websockets.asyncio.client
import websockets.asyncio.server
from websockets.exceptions import InvalidStatus

from kfsim.base.types import Endpoint, ReplicaKey
from tests.clients.scenes import scene
from tests.dataplane.worlds import running, until


class Echo:
    """A replica that sends every message back."""

    key = ReplicaKey("default", "pod-1")
    endpoint = Endpoint(key, "127.0.0.1", 1)

    async def start(self):
        self._server = await websockets.asyncio.server.serve(
            self._answer, "127.0.0.1", 0, subprotocols=["v2"]
        )
        port = self._server.sockets[0].getsockname()[1]
        self.endpoint = Endpoint(self.key, "127.0.0.1", port)

    async def _answer(self, socket):
        async for message in socket:
            await socket.send(message)

    async def stop(self):
        self._server.close()
        await self._server.wait_closed()


def connect(url: str):
    return websockets.asyncio.client.connect(url, subprotocols=["v2"], proxy=None, max_size=None)


async def test_messages_pass_both_ways():
    echo = Echo()
    async with running(echo) as world:
        world.route(echo)
        async with connect(f"ws://127.0.0.1:{world.port}/serving/default/iris/ws") as socket:
            assert socket.subprotocol == "v2"
            for message in ("text", b"\x00\xff", "", "é" * 500_000):
                await socket.send(message)
                assert await socket.recv() == message
            await (await socket.ping())
            assert world.gateway.counters.open == 1
        await until(lambda: world.gateway.counters.open == 0)


async def test_a_replica_that_speaks_http_only_is_heard():
    async with scene() as at:
        with pytest.raises(InvalidStatus) as refused:
            async with connect(f"{at.socket}/ws"):
                pass
        assert refused.value.response.status_code == 200
        assert at.headers["upgrade"] == "websocket"
