"""A long walk lets others have their turns."""

import asyncio

from kfsim.base.turns import in_turns
from kfsim.testing.clock import FakeClock


async def turns_of_another(seconds_per_item: float) -> int:
    """How often another task ran while ten items were walked."""
    clock, ran = FakeClock(), 0

    async def other() -> None:
        nonlocal ran
        while True:
            ran += 1
            await asyncio.sleep(0)

    task = asyncio.get_running_loop().create_task(other())
    walked = []
    async for item in in_turns(range(10), clock):
        walked.append(item)
        clock.advance(seconds_per_item)
    task.cancel()
    assert walked == list(range(10))
    return ran


async def test_others_have_a_turn_after_each_half_millisecond() -> None:
    assert await turns_of_another(0.001) == 10
    assert await turns_of_another(0.0002) == 3


async def test_a_short_walk_is_not_interrupted() -> None:
    assert await turns_of_another(0.0) == 0
