"""Garbage is collected in good moments only."""

import gc

import pytest

from kfsim.daemon import memory
from kfsim.daemon.memory import IdleCollector


@pytest.fixture
def given_back(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The generations that were collected, in order, each with its pages given back."""
    seen: list[int] = []
    monkeypatch.setattr(memory.gc, "collect", lambda: seen.append(2))
    monkeypatch.setattr(memory.gc, "freeze", lambda: None)
    monkeypatch.setattr(memory, "_give_back", lambda: seen.append(-1))
    return seen


def young(monkeypatch: pytest.MonkeyPatch, collections: int) -> None:
    monkeypatch.setattr(memory.gc, "get_count", lambda: (0, collections, 0))


def test_everything_is_collected_once_it_has_been_quiet(
    given_back: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = True
    collector = IdleCollector(busy=lambda: busy)
    young(monkeypatch, 100)
    for _ in range(100):
        collector.look()
    assert given_back == []
    busy = False
    for _ in range(7):
        collector.look()
    busy = True
    collector.look()
    busy = False
    for _ in range(7):
        collector.look()
    assert given_back == []
    collector.look()
    assert given_back == [2, -1]


def test_little_garbage_is_left_alone(
    given_back: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    collector = IdleCollector(busy=lambda: False)
    young(monkeypatch, 10)
    for _ in range(100):
        collector.look()
    assert given_back == []


async def test_by_itself_only_the_youngest_generation_is_collected() -> None:
    before = gc.get_threshold()
    running = IdleCollector(busy=lambda: True).run()
    try:
        running.send(None)
        full = gc.get_stats()[2]["collections"]
        kept = [[] for _ in range(200_000)]
        assert len(kept) == 200_000
        assert gc.get_stats()[2]["collections"] == full
        assert gc.get_count()[1] > 100
    finally:
        running.close()
        gc.set_threshold(*before)
        gc.unfreeze()


def test_pages_are_given_back_wherever_the_c_library_can() -> None:
    memory._give_back()
