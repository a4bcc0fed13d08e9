"""tcpSocket probes against real sockets."""

import asyncio

import pytest

from kfsim.replicas.addresses import Address
from tests.backends.probing.servers import attempt, nobody, serving, silent

TCP: dict[str, object] = {"tcpSocket": {"port": 8080}}


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """What an engine's port forwarder does when nobody listens behind it."""


async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 ready\r\n")
    await writer.drain()


@pytest.mark.parametrize("stays_open", [False, True], ids=["direct", "through a forwarder"])
async def test_listening_port_passes(stays_open: bool) -> None:
    async with serving(silent) as address:
        assert (await attempt(TCP, address, stays_open=stays_open)).success


async def test_refused_connection_fails() -> None:
    async with nobody() as address:
        result = await attempt(TCP, address)
    assert result.message == f"dial tcp {address}: connect: connection refused"


async def test_connection_that_is_closed_at_once_fails_where_ports_are_forwarded() -> None:
    async with serving(hang_up) as address:
        assert (await attempt(TCP, address)).success
        forwarded = await attempt(TCP, address, stays_open=True)
    assert forwarded.message == f"dial tcp {address}: connect: connection refused"


async def test_server_that_speaks_first_passes() -> None:
    async with serving(greet) as address:
        assert (await attempt(TCP, address, stays_open=True)).success


async def test_unknown_host_is_named() -> None:
    result = await attempt(TCP, Address("nowhere.invalid", 80))
    assert not result.success
    assert result.message.startswith("dial tcp nowhere.invalid:80: ")
