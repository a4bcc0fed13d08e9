"""Work that many ask for and that is done once."""

import asyncio

import pytest

from kfsim.backends.storage.failures import StorageFailure
from kfsim.backends.storage.jobs import Progress
from kfsim.backends.storage.sharing import SharedWork


class Errand:
    """Work that waits to be told how it ends."""

    def __init__(self) -> None:
        self.begun = 0
        self.ended = 0
        self.outcome: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.progress: Progress | None = None

    async def __call__(self, progress: Progress) -> str:
        self.begun += 1
        self.progress = progress
        try:
            return await asyncio.shield(self.outcome)
        finally:
            self.ended += 1


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_all_get_what_was_done_once() -> None:
    errand, shared = Errand(), SharedWork[str]("test")
    asked = [
        asyncio.create_task(shared.get("a", errand, name="a", progress=None)) for _ in range(3)
    ]
    await settle()
    errand.outcome.set_result("done")
    assert await asyncio.gather(*asked) == ["done"] * 3
    assert errand.begun == 1
    await shared.get("a", errand, name="a", progress=None)
    assert errand.begun == 2


async def test_progress_goes_to_those_who_wait() -> None:
    errand, shared = Errand(), SharedWork[str]("test")
    heard: list[tuple[str, int]] = []
    tasks = {
        name: asyncio.create_task(
            shared.get(
                "a",
                errand,
                name="a",
                progress=lambda now, _all, name=name: heard.append((name, now)),
            )
        )
        for name in ("first", "second")
    }
    await settle()
    assert errand.progress is not None
    errand.progress(1, None)
    tasks["first"].cancel()
    await settle()
    errand.progress(2, None)
    errand.outcome.set_result("done")
    await tasks["second"]
    assert heard == [("first", 1), ("second", 1), ("second", 2)]


async def test_it_ends_when_the_last_one_gives_up() -> None:
    errand, shared = Errand(), SharedWork[str]("test")
    one, other = (
        asyncio.create_task(shared.get("a", errand, name="a", progress=None)) for _ in range(2)
    )
    await settle()
    one.cancel()
    await settle()
    assert errand.ended == 0
    other.cancel()
    await asyncio.gather(other, return_exceptions=True)
    assert errand.ended == 1


async def test_a_failure_reaches_all_and_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    errand, shared = Errand(), SharedWork[str]("test")
    errand.outcome.set_exception(StorageFailure("no"))
    results = await asyncio.gather(
        *(shared.get("a", errand, name="a", progress=None) for _ in range(2)),
        return_exceptions=True,
    )
    assert [str(each) for each in results] == ["no", "no"]
    assert results[0] is not results[1]
    assert not caplog.records
