"""Tables change under traffic: each request goes by one table, and none is lost.

A request says in its body, or in its target, which table was in force when it was sent.
"""

import asyncio
from contextlib import asynccontextmanager

import pytest

from kfsim.base.types import (
    HostRoute,
    RevisionKey,
    RevisionTarget,
    RoutingTable,
    ServiceMode,
    ServiceName,
    WeightedRevision,
)
from tests.dataplane.worlds import HOST, Replica, World, answer_ok, running, until

CONNECTIONS = 32
SWAPS = 12
TAG_HOST = "latest-iris.default.localhost"


def make_request(form: str, table: int, count: int) -> bytes:
    """A request of one client: its head is the same under all tables, or never the same."""
    said = b"%08d" % table
    host, path, more = HOST, "/", ""
    if form == "tag":
        host = TAG_HOST
    elif form == "path":
        host, path = "127.0.0.1", "/serving/default/iris/x"
    elif form == "varying":
        path, more = f"/{count}?table={table}", f"X-Count: {count}\r\n"
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\n{more}Content-Length: {len(said)}\r\n\r\n"
    return head.encode() + said


class Swapping:
    """One service, whose every table has a revision of its own, on a replica of its own."""

    def __init__(self, world: World, **fields) -> None:
        self.world = world
        self.table = 0
        self.fields = fields
        self.strayed: list[tuple[int, int]] = []
        self.replicas: list[Replica] = []

    async def start_replica(self, table: int) -> Replica:
        async def answer(replica, request, writer):
            body = await request.body()
            if int(body) > table:
                self.strayed.append((table, int(body)))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

        replica = Replica(table, answer)
        self.replicas.append(replica)
        await replica.start()
        return replica

    def publish(self, replica: Replica) -> None:
        """From its return on, all that is sent belongs to this replica's revision."""
        revision = RevisionKey("default", f"iris-{self.table + 1:05}")
        split = (WeightedRevision(revision, 100),)
        route = HostRoute("default", "iris", split)
        target = RevisionTarget(revision, endpoints=(replica.endpoint,), **self.fields)
        tag = HostRoute("default", "iris", split, tag="latest")
        self.world.gateway.publish(
            RoutingTable(
                epoch=self.table + 1,
                hosts={"iris.default": route, "latest-iris.default": tag},
                services={("default", "iris"): route},
                revisions={revision: target},
            )
        )
        self.table += 1

    async def retire(self, replica: Replica) -> None:
        """As a Pod's end: drained, then its process is stopped."""
        done = asyncio.Event()
        self.world.gateway.begin(replica.key, grace=30.0, done=done.set)
        await done.wait()
        await replica.stop()


@asynccontextmanager
async def swaps(**fields):
    async with running() as world:
        swapping = Swapping(world, **fields)
        try:
            yield swapping
        finally:
            for replica in swapping.replicas:
                await replica.stop()


@pytest.mark.parametrize(
    "fields",
    [
        {"mode": ServiceMode.SERVE},
        {"mode": ServiceMode.PROXY},
        {"mode": ServiceMode.SERVE, "container_concurrency": 4},
        {"mode": ServiceMode.PROXY, "container_concurrency": 4},
    ],
    ids=["serve", "proxy", "serve with queues", "proxy with queues"],
)
async def test_a_changed_route_loses_no_request_of_32_busy_connections(fields):
    async with swaps(**fields) as swapping:
        world = swapping.world
        replica = await swapping.start_replica(1)
        swapping.publish(replica)
        statuses: list[int] = []
        stop = False

        async def keep_asking(form: str) -> None:
            client = await world.connect()
            count = 0
            while not stop:
                count += 1
                table = swapping.table
                client.writer.write(make_request(form, table, count))
                reply = await client.reply()
                statuses.append(reply.status)
                assert reply.status != 200 or int(reply.body) == table
            client.close()

        async with asyncio.TaskGroup() as group:
            for number in range(CONNECTIONS):
                form = ("host", "varying", "path", "tag")[number % 4]
                group.create_task(keep_asking(form))
            for table in range(2, SWAPS):
                before = len(statuses)
                await until(lambda before=before: len(statuses) > before + 3 * CONNECTIONS)
                old, replica = replica, await swapping.start_replica(table)
                swapping.publish(replica)
                await swapping.retire(old)
            stop = True
        assert set(statuses) == {200}
        assert swapping.strayed == []
        assert world.gateway.counters.begun == len(statuses)
        assert world.gateway.counters.by_class[2] == len(statuses)


@pytest.mark.parametrize("form", ["host", "path", "tag"])
async def test_a_repeated_head_follows_the_table(form):
    async with swaps(mode=ServiceMode.SERVE) as swapping:
        world = swapping.world
        client = await world.connect()
        for table in (1, 2, 3):
            replica = await swapping.start_replica(table)
            swapping.publish(replica)
            for _ in range(3):
                client.writer.write(make_request(form, 1, 0))
                reply = await client.reply()
                assert reply.headers["kfsim-replica"] == replica.key.name
            await swapping.retire(replica)
        world.gateway.publish(RoutingTable())
        client.writer.write(make_request(form, 1, 0))
        assert (await client.reply()).status == 404
        client.close()


async def test_a_repeated_head_at_a_services_own_listener_follows_the_table():
    async with swaps(mode=ServiceMode.SERVE) as swapping:
        world = swapping.world
        world.port = await world.gateway.serve(
            "127.0.0.1", 0, service=ServiceName("default", "iris")
        )
        client = await world.connect()
        for table in (1, 2):
            replica = await swapping.start_replica(table)
            swapping.publish(replica)
            for _ in range(3):
                client.writer.write(make_request("host", 1, 0))
                assert (await client.reply()).headers["kfsim-replica"] == replica.key.name
            await swapping.retire(replica)
        client.close()


async def test_a_request_that_has_begun_ends_where_it_began():
    async def hold(replica, request, writer):
        await replica.gate.wait()
        await answer_ok(replica, request, writer)

    old, new = Replica(1, hold), Replica(2)
    async with running(old, new) as world:
        swapping = Swapping(world, mode=ServiceMode.SERVE)
        swapping.publish(old)
        clients = [await world.connect() for _ in range(3)]
        for client in clients:
            client.send("/")
        await until(lambda: len(old.received) == 3)
        swapping.publish(new)
        clients[0].send("/next")  # behind the first
        old.gate.set()
        for client in clients:
            assert (await client.reply()).headers["kfsim-replica"] == "pod-1"
        assert (await clients[0].reply()).headers["kfsim-replica"] == "pod-2"
        for client in clients:
            client.close()


@pytest.mark.parametrize("form", ["host", "path", "tag"])
async def test_what_a_removed_revision_held_goes_where_the_table_leads(form):
    async with swaps(mode=ServiceMode.PROXY) as swapping:
        world = swapping.world
        swapping.publish(Replica(1))  # at a port where nobody listens
        client = await world.connect()
        client.writer.write(make_request(form, 1, 0))
        await until(lambda: world.gateway.counters.retries > 0)
        swapping.publish(Replica(3))  # nor there
        await until(lambda: world.gateway.counters.retries > 2)
        assert world.gateway.buffered_bytes == 8  # its body
        new = await swapping.start_replica(2)
        swapping.publish(new)
        reply = await client.reply()
        assert (reply.status, reply.headers["kfsim-replica"]) == (200, "pod-2")
        assert new.received[0].target == ("/x" if form == "path" else "/")
        client.close()
        assert world.gateway.counters.begun == 1


async def test_what_a_removed_service_held_is_refused():
    async with swaps(mode=ServiceMode.PROXY) as swapping:
        world = swapping.world
        swapping.publish(Replica(1))
        client = await world.connect()
        client.writer.write(make_request("host", 1, 0))
        await until(lambda: world.gateway.counters.retries > 0)
        world.gateway.publish(RoutingTable())
        reply = await client.reply()
        assert (reply.status, reply.text) == (503, "revision default/iris-00001 was removed\n")
        client.close()


@pytest.mark.parametrize("container_concurrency", [0, 4])
async def test_replicas_and_the_activator_come_and_go_under_32_busy_connections(
    container_concurrency,
):
    """One revision, as the autoscaler changes it: more and fewer replicas, either mode, zero."""
    async with swaps() as swapping:
        world = swapping.world
        statuses: list[int] = []
        stop = False

        async def keep_asking(number: int) -> None:
            client = await world.connect()
            count = 0
            while not stop:
                count += 1
                form = ("host", "varying", "path")[number % 3]
                client.writer.write(make_request(form, 1, count))
                statuses.append((await client.reply()).status)
            client.close()

        async with asyncio.TaskGroup() as group:
            running_now: list[Replica] = []
            for number in range(CONNECTIONS):
                group.create_task(keep_asking(number))
            for step, wanted in enumerate((0, 1, 3, 2, 4, 1, 0, 2, 1, 3, 0, 1)):
                mode = (ServiceMode.PROXY, ServiceMode.SERVE)[step // 2 % 2]
                while len(running_now) < wanted:
                    running_now.append(await swapping.start_replica(100 * step + len(running_now)))
                leaving, running_now = running_now[wanted:], running_now[:wanted]
                fields = {"mode": mode, "container_concurrency": container_concurrency}
                world.route(*running_now, **fields)
                for replica in leaving:
                    await swapping.retire(replica)
                before = len(statuses)
                if wanted:
                    await until(lambda before=before: len(statuses) > before + 2 * CONNECTIONS)
            stop = True
        assert set(statuses) == {200}
        assert world.gateway.counters.begun == len(statuses)
