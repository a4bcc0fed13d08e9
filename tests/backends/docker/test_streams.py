"""Blocking generators, read from the loop."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator

import pytest

from kfsim.backends.docker.streams import Pump
from tests.backends.support import PATIENCE


async def test_items_come_in_order_and_the_end_is_the_generators() -> None:
    ended = threading.Event()
    pump = Pump(lambda: iter(range(200)), name="numbers", dispose=ended.set)
    assert [item async for item in pump.read()] == list(range(200))
    assert ended.is_set()


async def test_what_the_generator_raises_reaches_the_reader_after_its_items() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    got: list[int] = []

    async def read() -> None:
        async for item in Pump(broken, name="broken").read():
            got.append(item)

    with pytest.raises(ValueError, match="broken"):
        await read()
    assert got == [1]


async def test_an_opener_that_fails_is_told() -> None:
    def fail() -> Iterator[int]:
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        async for _ in Pump(fail, name="fail").read():
            pass


async def test_a_slow_reader_holds_the_generator_back() -> None:
    made: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(10_000):
            made.append(number)
            yield number

    ended = threading.Event()
    items = Pump(numbers, name="numbers", dispose=ended.set).read()
    async with contextlib.aclosing(items):
        await anext(items)
        with pytest.raises(TimeoutError):  # it would end, were it not held back
            async with asyncio.timeout(0.1):
                await asyncio.to_thread(ended.wait, 0.2)
        assert len(made) < 100
    assert await asyncio.to_thread(ended.wait, PATIENCE)  # a reader that stops frees the thread
    assert len(made) < 100
