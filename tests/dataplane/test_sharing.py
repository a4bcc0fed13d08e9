"""How requests are shared among replicas, and in which order they run."""

import pytest

from kfsim.base.types import ServiceMode
from tests.dataplane.worlds import REVISION, Replica, answer_ok, running, until


async def wait_for_gate(replica, request, writer):
    await replica.gate.wait()
    await answer_ok(replica, request, writer)


async def ask_one_by_one(world, replicas, count: int):
    """That many requests, each at a replica before the next is asked."""
    clients = []
    for number in range(count):
        clients.append(await world.connect())
        clients[-1].send(f"/{number}")
        await until(lambda: sum(len(each.received) for each in replicas) == len(clients))
    return clients


@pytest.mark.parametrize(
    ("container_concurrency", "shares"),
    [(1, [1, 1, 1]), (3, [3, 2, 0]), (4, [2, 2, 1])],
    ids=["one", "first available", "round robin"],
)
async def test_the_activator_shares_by_container_concurrency(container_concurrency, shares):
    replicas = [Replica(number, wait_for_gate) for number in range(3)]
    async with running(*replicas) as world:
        world.route(*replicas, mode=ServiceMode.PROXY, container_concurrency=container_concurrency)
        clients = await ask_one_by_one(world, replicas, sum(shares))
        assert [len(each.received) for each in replicas] == shares
        for replica in replicas:
            replica.gate.set()
        assert [(await client.reply()).status for client in clients] == [200] * len(clients)
        for client in clients:
            client.close()


@pytest.mark.parametrize("mode", list(ServiceMode))
async def test_without_a_limit_the_less_loaded_of_two_gets_it(mode):
    replicas = [Replica(number, wait_for_gate) for number in range(2)]
    async with running(*replicas) as world:
        world.route(*replicas, mode=mode)
        clients = await ask_one_by_one(world, replicas, 10)
        assert [len(each.received) for each in replicas] == [5, 5]
        for replica in replicas:
            replica.gate.set()
        for client in clients:
            assert (await client.reply()).status == 200
            client.close()


async def test_held_requests_go_out_in_their_order_as_replicas_come():
    replicas = [Replica(number, wait_for_gate) for number in range(2)]
    async with running(*replicas) as world:
        world.route(mode=ServiceMode.PROXY, container_concurrency=1)
        clients = [await world.connect() for _ in range(4)]
        for number, client in enumerate(clients):
            client.send(f"/{number}")
            await until(lambda number=number: world.flow.held(REVISION) == number + 1)
        world.route(replicas[0], mode=ServiceMode.PROXY, container_concurrency=1)
        await until(lambda: len(replicas[0].received) == 1)
        world.route(*replicas, mode=ServiceMode.PROXY, container_concurrency=1)
        await until(lambda: len(replicas[1].received) == 1)
        assert world.flow.held(REVISION) == 2
        assert [each.received[0].target for each in replicas] == ["/0", "/1"]
        replicas[1].gate.set()
        assert (await clients[1].reply()).status == 200
        await until(lambda: len(replicas[1].received) == 3)
        assert [each.target for each in replicas[1].received] == ["/1", "/2", "/3"]
        replicas[0].gate.set()
        for number in (0, 2, 3):
            assert (await clients[number].reply()).text == f"GET /{number} "
        for client in clients:
            client.close()


async def test_a_queue_runs_in_the_order_of_arrival():
    replica = Replica(1, wait_for_gate)
    async with running(replica) as world:
        world.route(replica, container_concurrency=1)
        clients = [await world.connect() for _ in range(11)]
        for number, client in enumerate(clients):
            client.send(f"/{number}")
            await until(lambda number=number: world.flow.in_flight(replica.key) == number + 1)
        replica.gate.set()
        for client in clients:
            assert (await client.reply()).status == 200
            client.close()
        assert [each.target for each in replica.received] == [f"/{n}" for n in range(11)]


async def test_ten_times_the_concurrency_waits_and_no_more():
    replica = Replica(1, wait_for_gate)
    async with running(replica) as world:
        world.route(replica, container_concurrency=3)
        clients = [await world.connect() for _ in range(33)]
        for client in clients:
            client.send("/")
        await until(lambda: world.flow.in_flight(replica.key) == 33)
        refused = await world.ask("/")
        assert (refused.status, refused.text) == (503, "pending request queue full\n")
        await until(lambda: len(replica.received) == 3)
        replica.gate.set()
        for client in clients:
            assert (await client.reply()).status == 200
            client.close()
        assert (await world.ask("/")).status == 200  # there is room again
