"""Events end an hour after their last write, whoever wrote them."""

import asyncio
from collections.abc import Awaitable, Callable

from kfsim.api.core import ConfigMap, Event, ObjectReference
from kfsim.api.meta import ObjectMeta
from kfsim.base.entropy import SeededEntropy
from kfsim.controllers.events import EventExpiry
from kfsim.simulation.loop import DAY, run_virtual, running_loop
from kfsim.store import MemoryJournal, Store

HOUR = 3600.0
LATE = 61.0  # they are looked at once a minute


class Life:
    """A store with its expiry."""

    def __init__(self, journal: MemoryJournal | None = None) -> None:
        clock = running_loop().clock
        self.store = Store(clock=clock, entropy=SeededEntropy(1), journal=journal)
        self.expiry = EventExpiry(store=self.store, clock=clock)
        self.expiry.start()

    def tell(self, name: str, *, reason: str = "Seen", uid: str = "") -> Event:
        return self.store.create(
            Event(
                metadata=ObjectMeta(namespace="team", name=name),
                involved_object=ObjectReference(uid=uid),
                reason=reason,
            )
        )

    @property
    def names(self) -> list[str]:
        assert len(self.expiry) == len(self.store.entries(Event))  # nothing else is remembered
        return [entry.name for entry in self.store.entries(Event)]


def play(story: Callable[[Life], Awaitable[None]]) -> None:
    async def run() -> None:
        life = Life()
        await story(life)
        await life.expiry.close()

    run_virtual(run(), horizon=3 * DAY)


def test_an_event_is_kept_for_an_hour() -> None:
    async def story(life: Life) -> None:
        life.tell("a")
        await asyncio.sleep(1800)
        life.tell("b")
        await asyncio.sleep(1799)
        assert life.names == ["a", "b"]
        await asyncio.sleep(LATE)
        assert life.names == ["b"]
        await asyncio.sleep(1800)
        assert life.names == []

    play(story)


def test_a_repeated_event_lives_on() -> None:
    async def story(life: Life) -> None:
        event = life.tell("a")
        life.tell("b")
        await asyncio.sleep(3000)
        life.store.update(event.replaced(count=2))
        await asyncio.sleep(HOUR - 1)
        assert life.names == ["a"]
        await asyncio.sleep(LATE)
        assert life.names == []

    play(story)


def test_an_event_that_somebody_deletes_is_forgotten() -> None:
    async def story(life: Life) -> None:
        life.tell("a")
        life.tell("b")
        life.store.delete(Event, "a", "team")
        assert life.names == ["b"]
        await asyncio.sleep(HOUR + LATE)
        assert life.names == []

    play(story)


def test_many_are_deleted_together() -> None:
    async def story(life: Life) -> None:
        for number in range(1000):
            life.tell(f"e{number}")
        await asyncio.sleep(HOUR - 1)
        assert len(life.names) == 1000
        await asyncio.sleep(LATE)
        assert life.names == []
        life.tell("later")
        await asyncio.sleep(HOUR + LATE)
        assert life.names == []

    play(story)


def test_what_kfsim_remarks_lasts_as_long_as_its_object() -> None:
    async def story(life: Life) -> None:
        about = life.store.create(ConfigMap(metadata=ObjectMeta(namespace="team", name="it")))
        life.tell("remark", reason="ImageSubstituted", uid=about.metadata.uid)
        life.tell("other", uid=about.metadata.uid)
        await asyncio.sleep(5 * HOUR + LATE)
        assert life.names == ["remark"]
        life.store.delete(ConfigMap, "it", "team")
        await asyncio.sleep(HOUR + LATE)
        assert life.names == []

    play(story)


def test_an_hour_goes_on_over_a_restart() -> None:
    async def run() -> None:
        journal = MemoryJournal()
        first = Life(journal)
        first.tell("old")
        await asyncio.sleep(3000)
        first.tell("young")
        await first.expiry.close()
        second = Life(journal)
        assert second.names == ["old", "young"]
        await asyncio.sleep(600 + LATE)
        assert second.names == ["young"]
        await second.expiry.close()

    run_virtual(run())


def test_an_event_of_unknown_or_future_time_has_a_whole_hour() -> None:
    async def run() -> None:
        journal = MemoryJournal()
        first = Life(journal)
        event = first.tell("odd")
        first.store.update(event.replaced(last_timestamp="yesterday"))
        event = first.tell("ahead")
        first.store.update(event.replaced(last_timestamp="2030-01-01T00:00:00Z"))
        await first.expiry.close()
        second = Life(journal)
        await asyncio.sleep(HOUR - 1)
        assert second.names == ["ahead", "odd"]
        await asyncio.sleep(LATE)
        assert second.names == []
        await second.expiry.close()

    run_virtual(run())
