"""Every request ends once, and each end is counted and judged."""

import asyncio
from collections.abc import Awaitable, Callable

from kfsim.api.kserve.types import InferenceService
from kfsim.base.types import ServiceName
from kfsim.simulation.faults import clients as module
from kfsim.simulation.faults.clients import Clients
from kfsim.simulation.faults.users import Users
from kfsim.simulation.faults.world import World
from kfsim.simulation.loop import run_virtual

DIGITS = ServiceName("team", "digits")


def play(story: Callable[[World, Clients], Awaitable[None]]) -> None:
    async def run() -> None:
        world = World(seed=1)
        await world.start()
        clients = Clients(world, world.derive_entropy("clients"))
        clients.attach()
        await Users(world, world.derive_entropy("users")).edit(DIGITS, sane=True)
        await asyncio.sleep(20)
        await story(world, clients)
        assert clients.sent == clients.ends.total + clients.open
        await world.close()

    run_virtual(run())


def test_requests_are_answered_from_a_replica_and_from_zero() -> None:
    async def story(world: World, clients: Clients) -> None:
        clients.burst(DIGITS, count=5, seconds=10)
        await asyncio.sleep(20)
        assert clients.ends.counts == {module.ANSWERED: 5}
        await asyncio.sleep(300)
        assert not world.backend.specs()
        clients.send(DIGITS)
        assert clients.open == 1
        await asyncio.sleep(20)
        assert clients.ends.counts == {module.ANSWERED: 6}
        assert not clients.wronged

    play(story)


def test_a_service_that_is_not_there_has_no_route() -> None:
    async def story(_: World, clients: Clients) -> None:
        clients.send(ServiceName("team", "nowhere"))
        assert clients.ends.counts == {module.NO_ROUTE: 1}
        assert not clients.wronged

    play(story)


def test_a_replica_that_dies_takes_its_requests_along() -> None:
    async def story(world: World, clients: Clients) -> None:
        clients.slowness = 100.0
        clients.send(DIGITS)
        world.backend.crash(world.backend.replicas[0])
        await asyncio.sleep(5)
        assert clients.ends.counts == {module.LOST: 1}
        assert not clients.wronged

    play(story)


def test_a_daemon_that_is_killed_cuts_its_clients_off() -> None:
    async def story(world: World, clients: Clients) -> None:
        clients.slowness = 100.0
        clients.send(DIGITS)
        clients.cut_off()
        await world.kill()
        await world.start()
        clients.attach()
        assert (clients.ends.counts, clients.open) == ({module.CUT_OFF: 1}, 0)
        clients.slowness = 1.0
        await asyncio.sleep(1)  # the routes are published
        clients.send(DIGITS)
        await asyncio.sleep(400)  # longer than any timeout of what was cut off
        assert clients.ends.counts == {module.CUT_OFF: 1, module.ANSWERED: 1}

    play(story)


def test_who_hangs_up_is_not_answered() -> None:
    async def story(_: World, clients: Clients) -> None:
        clients.slowness = 100.0
        for _number in range(20):
            clients.send(DIGITS)
        while clients.open:
            clients.hang_up()
        assert clients.ends.counts == {module.HUNG_UP: 20}

    play(story)


def test_a_request_that_is_held_for_too_long_is_refused_in_time() -> None:
    async def story(world: World, clients: Clients) -> None:
        await asyncio.sleep(300)
        world.backend.available = False
        clients.send(DIGITS)
        await asyncio.sleep(299)
        assert clients.open == 1
        await asyncio.sleep(2)
        assert clients.ends.counts == {"504 activator request timeout": 1}
        assert not clients.wronged
        world.backend.available = True

    play(story)


def test_what_a_cluster_would_have_kept_is_remembered() -> None:
    async def story(world: World, clients: Clients) -> None:
        await world.cluster.close()  # nobody tells the data plane any more
        world.plane.publish(type(world.plane.table)())
        assert world.store.list(InferenceService)
        clients.send(DIGITS)
        (wrong,) = clients.wronged
        assert "found no route, and the service has one" in wrong

    play(story)


def test_growth_is_what_was_added() -> None:
    ends = module.Ends({"a": 2, "b": 1})
    assert ends.since({"a": 2}) == {"b": 1}
    assert ends.total == 3
