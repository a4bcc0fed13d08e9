"""Loopback ports of Services: given at once, kept, and served from then on."""

import asyncio
import socket

from kfsim.backends.process.ports import LAST_PORT
from kfsim.base.types import ServiceMode, ServiceName
from kfsim.dataplane.service_ports import ServicePorts, candidate_ports
from tests.dataplane.worlds import Replica, answer_ok, running

IRIS = ServiceName("default", "iris")


async def test_an_address_is_given_at_once_and_kept():
    replica = Replica(1)
    async with running(replica) as world:
        world.route(replica, mode=ServiceMode.PROXY)
        ports = ServicePorts(world.gateway)
        address = ports.resolve(IRIS)
        assert address.host == "127.0.0.1"
        assert ports.resolve(IRIS) == address
        assert ports.resolve(ServiceName("default", "other")).port != address.port
        world.port = address.port
        reply = await world.ask("/v1/models/iris:predict", host=str(address))
        assert (reply.status, reply.text) == (200, "GET /v1/models/iris:predict ")
        await ports.close()


async def test_a_connection_made_before_the_loop_serves_the_port_is_answered():
    replica = Replica(1)
    async with running(replica) as world:
        world.route(replica)
        ports = ServicePorts(world.gateway)
        address = ports.resolve(IRIS)
        with socket.create_connection((address.host, address.port), timeout=5) as early:
            early.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            early.setblocking(False)
            received = await asyncio.get_running_loop().sock_recv(early, 100)
        assert received.startswith(b"HTTP/1.1 200 ")
        await ports.close()


async def test_hosts_behind_are_told_the_services_own_name():
    replica = Replica(1)
    async with running(replica) as world:
        world.route(replica, mode=ServiceMode.PROXY)
        ports = ServicePorts(world.gateway)
        world.port = ports.resolve(IRIS).port
        await world.ask("/", host=f"127.0.0.1:{world.port}")
        headers = replica.received[0].headers
        assert headers["host"] == "iris.default.svc.cluster.local"
        assert headers["x-forwarded-host"] == "iris.default.svc.cluster.local"
        assert headers["x-forwarded-for"] == "127.0.0.1"
        assert headers["k-proxy-request"] == "activator"
        assert headers["kserve-isvc-name"] == "iris"
        await ports.close()


async def test_a_service_that_is_not_routed_is_named():
    async with running() as world:
        ports = ServicePorts(world.gateway)
        world.port = ports.resolve(ServiceName("default", "later")).port
        reply = await world.ask("/", host="127.0.0.1")
        assert reply.status == 404
        assert "later.default.svc.cluster.local" in reply.text
        await ports.close()


def test_a_name_has_the_same_ports_every_time():
    first = list(candidate_ports(IRIS))
    assert first == list(candidate_ports(ServiceName("default", "iris")))
    assert first[-1] == 0
    assert all(32000 <= port < 32768 for port in first[:-1])
    assert len(set(first)) == len(first)


async def test_a_port_in_use_is_passed_over():
    preferred, following, *_ = candidate_ports(ServiceName("default", "crowded"))
    async with running() as world:
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", preferred))
            holder.listen()
            ports = ServicePorts(world.gateway)
            assert ports.resolve(ServiceName("default", "crowded")).port == following
            await ports.close()


def test_services_and_replicas_never_want_the_same_port():
    assert min(port for port in candidate_ports(IRIS) if port) > LAST_PORT


async def test_components_reach_each_other_until_the_last_request_from_outside_has_ended():
    calls: list[asyncio.StreamWriter] = []

    async def call_on(replica, request, writer):
        if request.target == "/outer":
            await replica.gate.wait()
            reader, call = await asyncio.open_connection(address.host, address.port)
            calls.append(call)  # kept alive, as a client library would
            call.write(b"GET /inner HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        await answer_ok(replica, request, writer)

    replica = Replica(1, call_on)
    async with running(replica) as world:
        world.route(replica)
        ports = ServicePorts(world.gateway)
        address = ports.resolve(IRIS)
        client = await world.connect()
        client.send("/outer")
        await replica.arrived.wait()
        closing = asyncio.ensure_future(world.gateway.close(drain=60.0))
        await asyncio.sleep(0)  # it accepts no more from outside
        replica.gate.set()
        assert (await client.reply()).status == 200
        await closing  # although the inner connection would be kept open
        await ports.close()
        client.close()
        calls[0].close()
