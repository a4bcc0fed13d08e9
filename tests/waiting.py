"""Waiting without a loop: for a condition, never for a number of seconds that usually suffices.

`kfsim.testing.waiting` is the same for tests that have a loop.
"""

import time
from collections.abc import Callable
from typing import TypeVar

import pytest

T = TypeVar("T")


def wait_until(condition: Callable[[], T], *, timeout: float = 60.0, what: str = "") -> T:
    """Poll until the condition is true; fails naming what was awaited."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            pytest.fail(f"not within {timeout} s: {what or condition}; last seen {value!r}")
        time.sleep(0.05)
