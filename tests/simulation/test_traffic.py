import asyncio
from collections.abc import Awaitable, Callable

import pytest

from kfsim.replicas.backend import ReplicaEventKind
from kfsim.simulation.arrivals import quiet, steady
from kfsim.simulation.loop import run_virtual
from kfsim.simulation.outcomes import Outcomes
from tests.simulation.planes import CANARY, REVISION, PlaneWorld, make_target


def play(story: Callable[[PlaneWorld], Awaitable[Outcomes]]) -> Outcomes:
    async def main() -> Outcomes:
        return await story(PlaneWorld())

    return run_virtual(main())


def test_a_warm_replica_answers_in_service_time() -> None:
    async def story(world: PlaneWorld) -> Outcomes:
        world.publish(make_target("pod-1"))
        traffic = world.send(steady(10, 5), 0.05)
        await asyncio.sleep(10)
        return traffic.outcomes

    outcomes = play(story)
    assert (outcomes.sent, outcomes.answered, outcomes.cold) == (50, 50, 0)
    assert outcomes.percentile(100) == pytest.approx(0.05)
    assert outcomes.by_revision == {REVISION: 50}


def test_requests_wait_in_line_for_a_slow_replica() -> None:
    async def story(world: PlaneWorld) -> Outcomes:
        world.publish(make_target("pod-1"))
        traffic = world.send(steady(10, 1), 1.0)
        await asyncio.sleep(60)
        return traffic.outcomes

    # The tenth arrives at 0.9 s and is answered at 10 s.
    assert list(play(story).latencies) == pytest.approx([1 + 0.9 * n for n in range(10)])


def test_cold_requests_are_held_until_a_replica_is_ready() -> None:
    async def story(world: PlaneWorld) -> Outcomes:
        world.publish(make_target(container_concurrency=0))
        traffic = world.send((*steady(2, 1), *quiet(5), *steady(1, 1)), 0.5)
        await asyncio.sleep(3)
        world.publish(make_target("pod-1", container_concurrency=0))
        await asyncio.sleep(10)
        return traffic.outcomes

    outcomes = play(story)
    assert outcomes.cold == 2
    assert list(outcomes.latencies) == pytest.approx([3.5, 3.0, 0.5])


def test_refusals_are_counted_by_status() -> None:
    async def story(world: PlaneWorld) -> Outcomes:
        traffic = world.send(steady(1, 3), 100.0)
        await asyncio.sleep(0.5)
        world.publish(make_target("pod-1", timeout=20))
        await asyncio.sleep(60)
        return traffic.outcomes

    outcomes = play(story)
    # No route at first; then one that runs and one that waits, both beyond their timeout.
    assert (outcomes.refused, outcomes.in_flight, outcomes.answered) == ({404: 1, 504: 2}, 0, 0)


def test_what_a_removed_revision_held_goes_where_the_routes_lead() -> None:
    async def story(world: PlaneWorld) -> Outcomes:
        world.publish(make_target(), canary_percent=0)
        traffic = world.send(steady(1, 3), 0.5)
        await asyncio.sleep(5)
        world.publish(make_target("pod-1", revision=CANARY), canary_percent=100)
        await asyncio.sleep(5)
        return traffic.outcomes

    outcomes = play(story)
    assert (outcomes.refused, outcomes.by_revision) == ({}, {CANARY: 3})
    assert list(outcomes.latencies) == pytest.approx([5.5, 5.0, 4.5])


def test_a_replica_that_dies_fails_its_requests_at_once_and_frees_their_slots() -> None:
    async def story(world: PlaneWorld) -> Outcomes:
        world.publish(make_target("pod-1", "pod-2"))
        traffic = world.send(steady(1000, 0.003), 5.0)
        await asyncio.sleep(1)
        world.tell("pod-1", ReplicaEventKind.EXITED)
        # The third request was not sent yet: it is held, although a slot has become free.
        assert traffic.outcomes.refused == {502: 1}
        world.publish(make_target("pod-2"))
        await asyncio.sleep(60)
        return traffic.outcomes

    outcomes = play(story)
    assert (outcomes.refused, outcomes.in_flight) == ({502: 1}, 0)
    assert list(outcomes.latencies) == pytest.approx([5.0, 9.999])


def test_a_refused_request_is_tried_elsewhere_or_held_until_a_replica_accepts_it() -> None:
    async def story(world: PlaneWorld) -> Outcomes:
        world.publish(make_target("pod-1", "pod-2"))
        world.tell("pod-1", ReplicaEventKind.EXITED)
        traffic = world.send(steady(1, 2), 0.1)
        await asyncio.sleep(1.5)
        assert traffic.outcomes.answered == 2
        world.tell("pod-2", ReplicaEventKind.EXITED)
        world.publish(make_target("pod-2"))
        alone = world.send(steady(1, 1), 0.1)
        await asyncio.sleep(10)
        assert alone.outcomes.in_flight == 1
        world.publish(make_target("pod-3"))
        await asyncio.sleep(10)
        return alone.outcomes

    outcomes = play(story)
    assert (outcomes.refused, outcomes.answered) == ({}, 1)
