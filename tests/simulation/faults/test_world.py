"""A daemon is killed and comes back over what survived it."""

import asyncio

from kfsim.api.kserve.types import InferenceService
from kfsim.base.types import ServiceName
from kfsim.simulation.faults.invariants import find_unready
from kfsim.simulation.faults.users import Users
from kfsim.simulation.faults.world import World
from kfsim.simulation.loop import run_virtual

WINE = ServiceName("default", "wine")


def test_the_next_daemon_goes_on_with_the_journal_and_the_replicas() -> None:
    async def story() -> None:
        world = World(seed=1)
        await world.start()
        await Users(world, world.derive_entropy("users")).edit(WINE, sane=True)
        await asyncio.sleep(20)
        first, uid = world.store, _uid(world)
        running = [(spec.key, spec.uid) for spec in world.backend.specs()]
        assert running
        await world.kill()
        assert world.backend.specs()
        await world.start()
        assert (world.lives, _uid(world)) == (2, uid)
        assert world.store is not first
        await asyncio.sleep(5)
        assert [(spec.key, spec.uid) for spec in world.backend.specs()] == running
        assert list(find_unready(world.store)) == []
        await world.close()

    run_virtual(story())


def test_replicas_that_are_lost_meanwhile_are_made_again() -> None:
    async def story() -> None:
        world = World(seed=1)
        await world.start()
        await Users(world, world.derive_entropy("users")).edit(WINE, sane=True)
        await asyncio.sleep(20)
        lost = world.backend.replicas
        await world.kill(lost)
        assert not world.backend.specs()
        await world.start()
        await asyncio.sleep(30)
        assert world.backend.specs()
        assert list(find_unready(world.store)) == []
        await world.close()

    run_virtual(story())


def test_each_part_has_dice_of_its_own() -> None:
    async def story() -> None:
        world, again, other = World(seed=1), World(seed=1), World(seed=2)
        assert world.derive_entropy("a").uniform() == again.derive_entropy("a").uniform()
        assert world.derive_entropy("a").uniform() != world.derive_entropy("b").uniform()
        assert world.derive_entropy("a").uniform() != other.derive_entropy("a").uniform()

    run_virtual(story())


def _uid(world: World) -> str:
    return world.store.get(InferenceService, "wine", "default").metadata.uid
