"""Addresses: loopback only, defaulted ports move, explicit ones do not."""

import asyncio
import os

import pytest

from kfsim.base.errors import Forbidden, Unavailable
from kfsim.daemon.listening import Listener, listen
from kfsim.daemon.port_holders import describe_holder


class Servers:
    """Listens for real, and closes everything at the end."""

    def __init__(self) -> None:
        self._servers: list[asyncio.Server] = []

    async def serve(self, host: str, port: int) -> int:
        server = await asyncio.get_running_loop().create_server(asyncio.Protocol, host, port)
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def listen(self, address: str, *, may_move: bool = False) -> Listener:
        return await listen(
            self.serve, address, what="the gateway", option="--gateway", may_move=may_move
        )

    async def close(self) -> None:
        for server in self._servers:
            server.close()
            await server.wait_closed()


async def test_a_taken_port_is_an_error_or_moves() -> None:
    servers = Servers()
    try:
        first = await servers.listen("127.0.0.1:0")
        assert first.port != 0
        assert first.note is None
        with pytest.raises(
            Unavailable, match=rf"cannot listen on {first.address}.* by .*--gateway"
        ):
            await servers.listen(first.address)
        moved = await servers.listen(first.address, may_move=True)
        holder = describe_holder(first.port)
        assert moved.note == (
            f"port {first.port} is in use by {holder}; the gateway listens on {moved.port}"
        )
        assert holder.endswith(f"(pid {os.getpid()})")
    finally:
        await servers.close()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.com", "[::]"])
async def test_only_loopback_is_listened_on(host: str) -> None:
    with pytest.raises(Forbidden, match="loopback only"):
        await Servers().listen(f"{host}:0")


async def test_an_ipv6_address_is_written_in_brackets() -> None:
    assert Listener("::1", 80, None).address == "[::1]:80"
