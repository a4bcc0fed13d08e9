import pytest

from kfsim.testing.scaling import REVISION, reason_of, tell


def test_a_story_runs_in_a_started_world():
    told = []

    async def story(world):
        world.apply_revision()
        await world.settle()
        told.append((world.clock.now(), len(world.hands.started), world.pa.metadata.name))

    tell(story)
    assert told == [(0, 1, REVISION.name)]


def test_a_condition_that_is_missing_is_named():
    async def story(world):
        world.apply_revision()
        await world.settle()
        assert reason_of(world.pa, "Ready")[0] == "Unknown"
        with pytest.raises(AssertionError, match="no condition Nonsense"):
            reason_of(world.pa, "Nonsense")

    tell(story)
