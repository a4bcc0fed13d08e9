"""Waiting in live tests: for a condition, never for a number of seconds that usually suffices."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from kfsim.base.errors import Timeout

_T = TypeVar("_T")
_POLL_SECONDS = 0.01


async def wait_until(
    condition: Callable[[], _T | Awaitable[_T]],
    *,
    what: str,
    timeout: float = 10.0,
) -> _T:
    """Poll until the condition holds (is true) and return its value.

    `what` completes the sentence "waited for …" in the Timeout that is raised otherwise, together
    with the condition's last value.
    """
    last: object = None
    try:
        async with asyncio.timeout(timeout):
            while True:
                value = condition()
                if isinstance(value, Awaitable):
                    value = await value
                if value:
                    return value
                last = value
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError as error:
        raise Timeout(
            f"waited {timeout:g} s for {what}; the condition's last value was {last!r}"
        ) from error
