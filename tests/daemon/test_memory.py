"""Garbage is collected in good moments only."""

import gc
from collections.abc import Iterator

import pytest

from kfsim.daemon import memory
from kfsim.daemon.memory import IdleCollector


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    yield
    gc.unfreeze()
    gc.enable()


@pytest.fixture
def collections(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The generations that were collected, in order."""
    seen: list[int] = []
    monkeypatch.setattr(memory.gc, "collect", lambda generation=2: seen.append(generation))
    monkeypatch.setattr(memory.gc, "freeze", lambda: None)
    return seen


def young(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(memory.gc, "get_count", lambda: (count, 0, 0))


def test_while_busy_only_the_young_are_collected(
    collections: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    collector = IdleCollector(busy=lambda: True)
    young(monkeypatch, 10)
    assert collector.collect() == pytest.approx(0.02)
    young(monkeypatch, 5_000)
    for _ in range(500):
        collector.collect()
    assert set(collections) == {0}
    assert len(collections) == 500


def test_everything_is_collected_once_it_has_been_quiet(
    collections: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = True
    collector = IdleCollector(busy=lambda: busy)
    young(monkeypatch, 5_000)
    for _ in range(100):
        collector.collect()
    busy = False
    young(monkeypatch, 0)
    pauses = [collector.collect() for _ in range(20)]
    assert collections.count(2) == 1
    assert pauses == [pytest.approx(0.25)] * 20
