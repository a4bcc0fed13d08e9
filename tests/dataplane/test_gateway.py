"""The gateway over real sockets: routing, headers, keep-alive, holding, swapping, draining."""

import asyncio

import pytest

from kfsim.base.types import RevisionKey, RevisionTarget, ServiceMode, ServiceName
from kfsim.dataplane.counters import Outcome
from tests.dataplane.worlds import REVISION, Replica, answer_ok, running, until

IRIS = ServiceName("default", "iris")


async def wait_for_gate(replica, request, writer):
    await replica.gate.wait()
    await answer_ok(replica, request, writer)


async def test_request_reaches_the_replica_and_says_where_it_was_answered():
    replica = Replica(1)
    async with running(replica) as world:
        world.route(replica)
        reply = await world.ask("/v1/models/iris:predict", method="POST", body=b"{}")
        assert (reply.status, reply.text) == (200, "POST /v1/models/iris:predict {}")
        assert reply.headers["kfsim-revision"] == REVISION.name
        assert reply.headers["kfsim-replica"] == "pod-1"
        assert reply.headers["kfsim-start"] == "warm"
        assert world.gateway.counters.ended[Outcome.PROXIED] == 1
        assert world.gateway.counters.by_class[2] == 1


async def test_forwarding_headers_are_those_of_a_clusters_hops():
    replica = Replica(1)
    async with running(replica) as world:
        world.route(replica, mode=ServiceMode.PROXY)
        more = (
            "X-Forwarded-For: 10.0.0.9\r\nConnection: X-Secret\r\nX-Secret: 1\r\nTE: trailers\r\n"
        )
        await world.ask("/", more=more + "K-Proxy-Request: lie\r\nX-Kept: yes\r\n")
        headers = replica.received[0].headers
        assert headers["host"] == "iris.default.localhost"
        assert headers["x-forwarded-for"] == "10.0.0.9, 127.0.0.1"
        assert headers["x-forwarded-proto"] == "http"
        assert headers["x-forwarded-host"] == "iris.default.localhost"
        assert headers["forwarded"] == (
            "for=10.0.0.9;host=iris.default.localhost;proto=http, for=127.0.0.1"
        )
        assert headers["k-proxy-request"] == "activator"
        assert headers["kserve-isvc-name"] == "iris"
        assert headers["x-kept"] == "yes"
        assert len(headers["x-request-id"]) == 36
        assert not {"x-secret", "te", "connection"} & set(headers)


async def test_path_form_is_routed_with_its_prefix_taken_off():
    replica = Replica(1)
    async with running(replica) as world:
        world.route(replica)
        reply = await world.ask("/serving/default/iris/v2/health?full=1", host="127.0.0.1:8080")
        assert reply.text == "GET /v2/health?full=1 "
        assert (await world.ask("/serving/default/iris", host="127.0.0.1")).text == "GET / "


async def test_unknown_host_lists_the_known_ones():
    async with running() as world:
        world.route()
        reply = await world.ask("/", host="irsi.default.localhost")
        assert reply.status == 404
        assert "irsi.default.localhost" in reply.text
        assert "  iris.default\n" in reply.text


@pytest.mark.parametrize("path", ["/api/v1/pods", "/apis", "/openapi/v3"])
async def test_lost_kubernetes_client_is_pointed_to_the_api(path):
    async with running() as world:
        reply = await world.ask(path, host="localhost:8080")
        assert reply.status == 404
        assert "http://127.0.0.1:8001" in reply.text


async def test_listener_of_a_service_ignores_the_host():
    replica = Replica(1)
    async with running(replica) as world:
        world.route(replica)
        world.port = await world.gateway.serve("127.0.0.1", 0, service=IRIS)
        assert (await world.ask("/x", host="whatever")).text == "GET /x "


async def test_both_sides_keep_their_connections():
    replica = Replica(1)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        for number in range(5):
            client.send(f"/{number}")
            assert (await client.reply()).text == f"GET /{number} "
        client.close()
        assert replica.connections == 1


async def test_pipelined_requests_are_answered_in_order():
    replica = Replica(1)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        client.send("/1", method="POST", body=b"one")
        client.send("/nowhere", host="unknown")
        client.send("/2", method="POST", body=b"two")
        assert (await client.reply()).text == "POST /1 one"
        assert (await client.reply()).status == 404
        assert (await client.reply()).text == "POST /2 two"
        client.close()


async def test_request_at_zero_is_held_until_a_replica_is_ready():
    replica = Replica(1)
    async with running(replica) as world:
        pokes = []
        world.gateway.on_poke(lambda revision, stat: pokes.append(revision))
        world.route(mode=ServiceMode.PROXY)
        client = await world.connect()
        client.send("/", method="POST", body=b"held")
        await until(lambda: world.flow.held(REVISION) == 1)
        assert pokes == [REVISION]
        assert world.gateway.load(REVISION) == (0, 1)
        world.route(replica, mode=ServiceMode.PROXY)
        reply = await client.reply()
        client.close()
        assert reply.text == "POST / held"
        assert reply.headers["kfsim-start"] == "cold"


async def test_client_that_leaves_while_held_frees_its_place():
    async with running() as world:
        world.route(mode=ServiceMode.PROXY)
        client = await world.connect()
        client.send("/")
        await until(lambda: world.flow.held(REVISION) == 1)
        client.close()
        await until(lambda: world.flow.held(REVISION) == 0)
        assert world.gateway.counters.ended[Outcome.CLIENT_LOST] == 1


async def test_client_that_leaves_while_running_frees_the_slot_and_the_replica_notices():
    replica = Replica(1, wait_for_gate)
    async with running(replica) as world:
        world.route(replica, container_concurrency=1)
        client, other = await world.connect(), await world.connect()
        client.send("/first")
        await replica.arrived.wait()
        other.send("/second")
        await until(lambda: world.flow.in_flight(replica.key) == 2)
        client.close()
        await until(lambda: len(replica.received) == 2)
        replica.gate.set()
        assert (await other.reply()).text == "GET /second "
        other.close()


async def test_full_queue_is_refused_with_knatives_text():
    replica = Replica(1, wait_for_gate)
    async with running(replica) as world:
        world.route(replica, container_concurrency=1)
        clients = [await world.connect() for _ in range(11)]
        for client in clients:
            client.send("/")
        await until(lambda: world.flow.in_flight(replica.key) == 11)
        reply = await world.ask("/")
        assert (reply.status, reply.text) == (503, "pending request queue full\n")
        replica.gate.set()
        assert [(await client.reply()).status for client in clients] == [200] * 11
        for client in clients:
            client.close()


@pytest.mark.parametrize(
    ("mode", "text"),
    [(ServiceMode.PROXY, "activator request timeout"), (ServiceMode.SERVE, "request timeout")],
)
async def test_silent_replica_ends_in_504(mode, text):
    replica = Replica(1, wait_for_gate)
    async with running(replica) as world:
        world.route(replica, mode=mode, timeout=0.05)
        reply = await world.ask("/")
        assert (reply.status, reply.text) == (504, text)
        assert world.flow.in_flight(replica.key) == 0
        replica.gate.set()
        await replica.gone.wait()


async def test_request_held_too_long_ends_in_504():
    async with running() as world:
        world.route(mode=ServiceMode.PROXY, timeout=0.05)
        reply = await world.ask("/")
        assert (reply.status, reply.text) == (504, "activator request timeout")


async def test_swapping_tables_under_32_busy_connections_loses_nothing():
    old, new = Replica(1), Replica(2)
    async with running(old, new) as world:
        world.route(old)
        stop = False
        statuses: list[int] = []

        async def keep_asking():
            client = await world.connect()
            while not stop:
                client.send("/", method="POST", body=b"x" * 100)
                statuses.append((await client.reply()).status)
            client.close()

        async with asyncio.TaskGroup() as group:
            for _ in range(32):
                group.create_task(keep_asking())
            await until(lambda: len(statuses) > 200)
            for swap in range(20):
                count = len(statuses)
                name = RevisionKey("default", f"iris-predictor-{swap + 2:05}")
                endpoints = ((old, new)[swap % 2].endpoint,)
                world.publish(RevisionTarget(name, ServiceMode.SERVE, endpoints))
                await until(lambda count=count: len(statuses) > count + 64)
            stop = True
        assert set(statuses) == {200}
        assert world.gateway.counters.begun == len(statuses)


async def test_request_after_a_swap_never_reaches_the_removed_revision():
    old, new = Replica(1), Replica(2)
    async with running(old, new) as world:
        world.route(old)
        client = await world.connect()
        client.send("/")
        await client.reply()
        world.publish(
            RevisionTarget(RevisionKey("default", "new"), ServiceMode.SERVE, (new.endpoint,))
        )
        client.send("/")
        assert (await client.reply()).headers["kfsim-replica"] == "pod-2"
        client.close()


async def test_split_follows_the_percents():
    one, two = Replica(1), Replica(2)
    async with running(one, two) as world:
        targets = [
            RevisionTarget(RevisionKey("default", f"r{n}"), ServiceMode.SERVE, (rep.endpoint,))
            for n, rep in enumerate((one, two))
        ]
        world.publish(*targets, percents=(90, 10))
        client = await world.connect()
        for _ in range(200):
            client.send("/")
            await client.reply()
        client.close()
        assert 5 <= len(two.received) <= 40
        assert len(one.received) + len(two.received) == 200


async def test_drain_is_done_when_the_last_request_has_ended():
    replica = Replica(1, wait_for_gate)
    async with running(replica) as world:
        world.route(replica)
        done = asyncio.Event()
        client = await world.connect()
        client.send("/")
        await replica.arrived.wait()
        world.gateway.begin(replica.key, grace=60.0, done=done.set)
        await asyncio.sleep(0)
        assert not done.is_set()
        replica.gate.set()
        assert (await client.reply()).status == 200
        await done.wait()
        client.close()


async def test_a_draining_replica_works_off_its_queue_and_gets_nothing_new():
    leaving, staying = Replica(1, wait_for_gate), Replica(2)
    async with running(leaving, staying) as world:
        world.route(leaving, container_concurrency=1)
        clients = [await world.connect() for _ in range(3)]
        for number, client in enumerate(clients):
            client.send(f"/{number}")
            await until(lambda number=number: world.flow.in_flight(leaving.key) == number + 1)
        done = asyncio.Event()
        world.gateway.begin(leaving.key, grace=60.0, done=done.set)
        world.route(leaving, staying, container_concurrency=1)
        for _ in range(5):
            assert (await world.ask("/new")).headers["kfsim-replica"] == "pod-2"
        world.route(staying, container_concurrency=1)
        assert not done.is_set()
        leaving.gate.set()
        for client in clients:
            assert (await client.reply()).headers["kfsim-replica"] == "pod-1"
            client.close()
        await done.wait()
        assert len(leaving.received) == 3


async def test_activator_in_path_follows_the_table():
    replica = Replica(1)
    async with running(replica) as world:
        assert not world.gateway.activator_in_path(REVISION)
        world.route()
        assert world.gateway.activator_in_path(REVISION)
        world.route(replica)
        assert not world.gateway.activator_in_path(REVISION)
        world.route(replica, mode=ServiceMode.PROXY)
        assert world.gateway.activator_in_path(REVISION)


async def test_gateway_is_busy_while_a_request_is_in():
    replica = Replica(1, wait_for_gate)
    async with running(replica) as world:
        world.route(replica)
        assert not world.gateway.busy
        client = await world.connect()
        client.send("/")
        await replica.arrived.wait()
        assert world.gateway.busy
        replica.gate.set()
        await client.reply()
        client.close()


async def test_closing_lets_the_running_request_end():
    replica = Replica(1, wait_for_gate)
    async with running(replica) as world:
        world.route(replica)
        client = await world.connect()
        client.send("/")
        await replica.arrived.wait()
        async with asyncio.TaskGroup() as group:
            group.create_task(world.gateway.close(5.0))
            await asyncio.sleep(0)
            replica.gate.set()
            reply = await client.reply()
        assert reply.status == 200
        assert reply.headers["connection"] == "close"
        client.close()
