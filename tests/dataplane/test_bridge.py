"""The listeners on a network's gateway address, which any loopback address can stand for."""

import asyncio
import socket
from contextlib import asynccontextmanager
from ipaddress import IPv4Network

import dns.asyncquery
import dns.message
import pytest

from kfsim.base.errors import Unavailable
from kfsim.base.types import ServiceName
from kfsim.dataplane.bridge import Bridge, BridgePorts, ForeignAddress
from tests.dataplane.worlds import Replica, running

ADDRESS, OUTSIDE = "127.0.90.1", "127.0.91.1"
SUBNET = IPv4Network("127.0.90.0/24")


class Directory:
    def knows(self, service: ServiceName) -> bool:
        return service == ServiceName("default", "iris")


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as found:
        found.bind((ADDRESS, 0))
        return found.getsockname()[1]


@asynccontextmanager
async def bridged(*replicas, http_ports=(0,), dns_port=0):
    async with running(*replicas) as world:
        bridge = Bridge(world.gateway, Directory(), http_ports=http_ports, dns_port=dns_port)
        try:
            yield world, bridge
        finally:
            await bridge.close()


async def ask(port: int, host: str, *, source: str) -> bytes:
    reader, writer = await asyncio.open_connection(ADDRESS, port, local_addr=(source, 0))
    try:
        writer.write(f"GET /x HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        return await reader.read()
    finally:
        writer.close()


async def test_requests_are_routed_by_host_and_names_are_answered():
    dns_port = free_port(socket.SOCK_DGRAM)
    replica = Replica(1)
    async with bridged(replica, dns_port=dns_port) as (world, bridge):
        world.route(replica)
        ports = await bridge.open(ADDRESS, SUBNET)
        assert ports.resolves
        answer = await ask(ports.http, "iris.default.svc.cluster.local", source="127.0.90.7")
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert replica.received[0].headers["x-forwarded-for"] == "127.0.90.7"
        assert (await ask(ports.http, "x.default", source=ADDRESS)).startswith(b"HTTP/1.1 404 ")
        query = dns.message.make_query("iris.default.svc.cluster.local.", "A")
        response = await dns.asyncquery.udp(
            query, ADDRESS, port=dns_port, timeout=5, source=ADDRESS
        )
        assert response.answer[0][0].to_text() == ADDRESS


async def test_peers_outside_the_subnet_are_cut_off_unheard():
    replica = Replica(1)
    async with bridged(replica) as (world, bridge):
        world.route(replica)
        ports = await bridge.open(ADDRESS, SUBNET)
        try:
            received = await ask(ports.http, "iris.default", source=OUTSIDE)
        except ConnectionError:
            received = b""
        assert (received, replica.received) == (b"", [])
        assert (await ask(ports.http, "iris.default", source=ADDRESS)).startswith(b"HTTP/1.1 200 ")


async def test_the_next_port_is_taken_where_the_first_is_not_to_be_had():
    with socket.socket() as holder:
        holder.bind((ADDRESS, 0))
        holder.listen()
        taken, free = holder.getsockname()[1], free_port()
        async with bridged(http_ports=(taken, free)) as (_, bridge):
            assert (await bridge.open(ADDRESS, SUBNET)).http == free
        async with bridged(http_ports=(taken,)) as (_, bridge):
            with pytest.raises(Unavailable, match="in use"):
                await bridge.open(ADDRESS, SUBNET)


async def test_no_name_service_where_its_port_is_taken():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind((ADDRESS, 0))
        async with bridged(dns_port=holder.getsockname()[1]) as (_, bridge):
            assert not (await bridge.open(ADDRESS, SUBNET)).resolves


@pytest.mark.parametrize(
    ("address", "subnet"),
    [
        ("192.0.2.1", "192.0.2.0/24"),  # of no interface
        ("", "127.0.90.0/24"),
        ("0.0.0.0", "127.0.90.0/24"),
        ("127.0.91.1", "127.0.90.0/24"),
        ("fd00::1", "127.0.90.0/24"),
    ],
)
async def test_only_an_own_address_within_the_subnet_is_served(address: str, subnet: str):
    async with bridged() as (_, bridge):
        with pytest.raises(ForeignAddress):
            await bridge.open(address, IPv4Network(subnet))


async def test_the_same_network_again_keeps_its_listeners_and_another_one_gets_new_ones():
    async with bridged() as (_, bridge):
        first = await bridge.open(ADDRESS, SUBNET)
        assert await bridge.open(ADDRESS, SUBNET) is first
        other = await bridge.open(OUTSIDE, IPv4Network("127.0.91.0/24"))
        assert isinstance(other, BridgePorts)
        for _ in range(100):
            try:
                _, writer = await asyncio.open_connection(ADDRESS, first.http)
            except ConnectionRefusedError:
                return
            writer.close()
        pytest.fail("the first network is still served")
