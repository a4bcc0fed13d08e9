import pytest

from kfsim.base.errors import Timeout
from kfsim.testing.waiting import wait_until


async def test_returns_the_first_true_value() -> None:
    values = iter([0, 0, 7])
    assert await wait_until(lambda: next(values), what="a value") == 7


async def test_awaits_conditions_that_are_coroutines() -> None:
    async def condition() -> str:
        return "yes"

    assert await wait_until(condition, what="a coroutine") == "yes"


async def test_timeout_says_what_was_awaited_and_last_seen() -> None:
    with pytest.raises(Timeout, match=r"for a word; the condition's last value was ''"):
        await wait_until(lambda: "", what="a word", timeout=0.02)
