"""The wall clock is set back by half a day: a service still goes to zero and a rollout ends."""

import asyncio

import pytest

from kfsim.api.core import Pod
from kfsim.base.types import ServiceName
from kfsim.simulation.faults.invariants import find_unready
from kfsim.simulation.faults.users import Users
from kfsim.simulation.faults.world import World
from kfsim.simulation.loop import DAY, run_virtual

pytestmark = pytest.mark.scenario

DIGITS = ServiceName("team", "digits")  # from zero, one GPU


@pytest.mark.parametrize("after", [30.0, 62.0, 80.0, 200.0])
def test_a_service_goes_to_zero(after: float) -> None:
    """Set while it is active, in its grace period, or at zero."""

    async def story() -> None:
        world = World(seed=1)
        await world.start()
        await Users(world, world.derive_entropy("users")).edit(DIGITS, sane=True)
        await asyncio.sleep(after)
        world.clock.offset -= 43_200
        await asyncio.sleep(180)
        assert list(find_unready(world.store)) == []
        assert world.store.entries(Pod) == []
        await world.close()

    run_virtual(story(), horizon=2 * DAY)
