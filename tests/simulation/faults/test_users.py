"""What users ask for, and what of it must be there from then on."""

import pytest

from kfsim.api.core import Namespace
from kfsim.api.kserve.types import InferenceService
from kfsim.base.types import ServiceName
from kfsim.simulation.faults.users import SERVICES, Users
from kfsim.simulation.faults.world import World
from kfsim.simulation.loop import run_virtual

DIGITS = ServiceName("team", "digits")


async def _start() -> tuple[World, Users]:
    world = World(seed=3)
    await world.start()
    return world, Users(world, world.derive_entropy("users"))


def test_what_is_acknowledged_is_known_by_its_uid() -> None:
    async def story() -> None:
        world, users = await _start()
        await users.settle()
        assert set(users.acknowledged) == set(SERVICES)
        for (namespace, name), uid in users.acknowledged.items():
            assert world.store.get(InferenceService, name, namespace).metadata.uid == uid
        await users.delete(DIGITS)
        assert DIGITS not in users.acknowledged
        await users.edit(DIGITS, sane=True)
        await users.delete_namespace("team")
        assert DIGITS not in users.acknowledged
        await world.close()

    run_virtual(story())


def test_what_could_not_be_written_is_not_acknowledged() -> None:
    async def story() -> None:
        world, users = await _start()
        world.journal.full = True
        await users.edit(DIGITS, sane=True)
        assert not users.acknowledged
        assert DIGITS in users.unsure
        world.journal.heal()
        await users.edit(DIGITS, sane=True)
        assert DIGITS in users.acknowledged
        assert DIGITS not in users.unsure
        await world.close()

    run_virtual(story())


def test_nonsense_is_refused_or_kept_and_a_sane_edit_ends_it() -> None:
    async def story() -> None:
        world, users = await _start()
        for _ in range(40):
            await users.edit(DIGITS)
        assert any(line.what == "user" for line in world.trace.lines)  # some were refused
        await users.edit(DIGITS, sane=True)
        found = world.store.get(InferenceService, "digits", "team")
        assert found.metadata.annotations.get("serving.kserve.io/stop") is None
        assert world.store.find(Namespace, "team") is not None
        await world.close()

    run_virtual(story())


@pytest.mark.parametrize("name", ["team", "nowhere"])
def test_deleting_what_is_not_there_is_nothing(name: str) -> None:
    async def story() -> None:
        world, users = await _start()
        before = world.store.resource_version
        await users.delete(ServiceName(name, "digits"))
        await users.delete_namespace(name)
        assert world.store.resource_version == before
        await world.close()

    run_virtual(story())
