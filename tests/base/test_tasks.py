"""Background tasks are kept, logged and ended."""

import asyncio
import logging

import pytest

from kfsim.base.tasks import TaskSet


async def test_a_failure_is_logged_with_its_name(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise ValueError("broken")

    tasks = TaskSet("unit")
    with caplog.at_level(logging.ERROR):
        task = tasks.spawn(fail(), name="doomed")
        with pytest.raises(ValueError, match="broken"):
            await task
        await asyncio.sleep(0)
    assert "unit/doomed failed" in caplog.text
    assert len(tasks) == 0


async def test_close_ends_what_still_runs() -> None:
    tasks = TaskSet("unit")
    task = tasks.spawn(asyncio.Event().wait(), name="forever")
    await tasks.close()
    assert task.cancelled()
    assert len(tasks) == 0
