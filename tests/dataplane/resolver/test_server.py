"""The resolver's sockets: both protocols, peers that are not served, and bounds."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import dns.asyncquery
import dns.exception
import dns.message
import dns.rcode
import pytest

from kfsim.base.types import ServiceName
from kfsim.dataplane.resolver import Forwarder, Resolver, Zone
from tests.dataplane.resolver.servers import QUERY, Upstream

HOST, OTHER = "127.0.0.83", "127.0.0.84"
NAME = "iris.default.svc.cluster.local."


class Directory:
    def knows(self, service: ServiceName) -> bool:
        return service == ServiceName("default", "iris")


@asynccontextmanager
async def running(
    *, upstream: Upstream | None = None, admits: Callable[[str], bool] = lambda peer: True
) -> AsyncIterator[int]:
    forwarder = Forwarder(
        lambda: (OTHER,) if upstream else (), port=upstream.port if upstream else 1
    )
    resolver = Resolver(zone=Zone(Directory(), HOST), forwarder=forwarder, admits=admits)
    try:
        yield await resolver.serve(HOST, 0)
    finally:
        await resolver.close()


ASK = {"UDP": dns.asyncquery.udp, "TCP": dns.asyncquery.tcp}


@pytest.mark.parametrize("ask", ASK.values(), ids=ASK.keys())
async def test_a_service_is_resolved(ask) -> None:
    async with running() as port:
        response = await ask(dns.message.make_query(NAME, "A"), HOST, port=port, timeout=5)
    assert [record.to_text() for record in response.answer] == [f"{NAME} 5 IN A {HOST}"]


@pytest.mark.parametrize("ask", ASK.values(), ids=ASK.keys())
async def test_what_no_server_answers_is_a_failure(ask) -> None:
    async with running() as port:
        query = dns.message.make_query("example.com.", "A")
        response = await ask(query, HOST, port=port, timeout=5)
    assert response.rcode() == dns.rcode.SERVFAIL


@pytest.mark.parametrize("stream", [False, True], ids=["UDP", "TCP"])
async def test_other_names_are_asked_of_the_hosts_servers(stream: bool) -> None:
    async with Upstream(OTHER) as upstream, running(upstream=upstream) as port:
        answer = await Forwarder(lambda: (HOST,), port=port).ask(QUERY, stream=stream)
        assert answer == QUERY[:2] + b"answer"
        assert upstream.asked == [QUERY]


async def test_a_stream_carries_several_queries() -> None:
    async with running() as port:
        reader, writer = await asyncio.open_connection(HOST, port)
        for _ in range(3):
            query = dns.message.make_query(NAME, "AAAA")
            wire = query.to_wire()
            writer.write(len(wire).to_bytes(2) + wire)
            data = await reader.readexactly(int.from_bytes(await reader.readexactly(2)))
            assert query.is_response(dns.message.from_wire(data))
        writer.close()


async def test_others_are_not_answered_at_all() -> None:
    asked: list[str] = []

    def admits(peer: str) -> bool:
        asked.append(peer)
        return False

    async with running(admits=admits) as port:
        query = dns.message.make_query(NAME, "A")
        with pytest.raises(dns.exception.Timeout):
            await dns.asyncquery.udp(query, HOST, port=port, timeout=0.2, source=OTHER)
        with pytest.raises((EOFError, ConnectionError)):
            await dns.asyncquery.tcp(query, HOST, port=port, timeout=5, source=OTHER)
    assert asked == [OTHER, OTHER]


async def test_a_port_in_use_leaves_nothing_open() -> None:
    loop = asyncio.get_running_loop()
    taken, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, (HOST, 0))
    port = taken.get_extra_info("sockname")[1]
    resolver = Resolver(
        zone=Zone(Directory(), HOST), forwarder=Forwarder(tuple), admits=lambda peer: True
    )
    with pytest.raises(OSError, match="in use"):
        await resolver.serve(HOST, port)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(HOST, port)
    taken.close()
