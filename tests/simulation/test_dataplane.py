import asyncio
from collections.abc import Awaitable, Callable

import pytest

from kfsim.base.types import ReplicaKey, ServiceMode, Stat
from kfsim.flow import TicketState
from kfsim.replicas.backend import ReplicaEventKind
from kfsim.simulation.arrivals import steady
from kfsim.simulation.loop import run_virtual
from tests.simulation.planes import CANARY, REVISION, SERVICE, PlaneWorld, make_target

POD = ReplicaKey("default", "pod-1")


def play(story: Callable[[PlaneWorld], Awaitable[None]]) -> None:
    async def main() -> None:
        await story(PlaneWorld())

    run_virtual(main())


def nothing(_: object) -> None: ...


def test_an_unknown_service_has_no_route() -> None:
    async def story(world: PlaneWorld) -> None:
        assert world.plane.send(SERVICE, nothing, nothing) is None

    play(story)


def test_publishing_grants_what_waits_and_removing_refuses_it() -> None:
    async def story(world: PlaneWorld) -> None:
        world.publish(make_target())
        first = world.plane.send(SERVICE, nothing, nothing)
        second = world.plane.send(SERVICE, nothing, nothing)
        assert first is not None
        assert second is not None
        world.publish(make_target("pod-1"))
        assert (first.state, second.state) == (TicketState.GRANTED, TicketState.WAITING)
        world.publish()
        assert second.state is TicketState.REJECTED
        assert world.plane.table.epoch == 3

    play(story)


def test_a_split_follows_its_percents() -> None:
    async def story(world: PlaneWorld) -> None:
        world.publish(
            make_target("a", container_concurrency=0),
            make_target("b", revision=CANARY, container_concurrency=0),
            canary_percent=20,
        )
        traffic = world.send(steady(100, 20))
        await asyncio.sleep(30)
        counts = traffic.outcomes.by_revision
        assert sum(counts.values()) == 2000
        assert counts[CANARY] == pytest.approx(400, abs=60)

    play(story)


def test_deadlines_fall_due_at_their_moment_for_each_revision() -> None:
    async def story(world: PlaneWorld) -> None:
        rejected: list[float] = []
        world.publish(make_target(timeout=10))
        for _ in range(2):
            world.plane.send(SERVICE, nothing, lambda _: rejected.append(world.loop.time()))
            await asyncio.sleep(4)
        await asyncio.sleep(60)
        assert rejected == [10, 14]

    play(story)


@pytest.mark.parametrize(
    ("mode", "pods", "expected"),
    [
        (ServiceMode.PROXY, ("pod-1",), True),
        (ServiceMode.SERVE, ("pod-1",), False),
        (ServiceMode.SERVE, (), True),
    ],
)
def test_the_activator_is_in_the_path_in_proxy_mode_or_without_endpoints(
    mode: ServiceMode, pods: tuple[str, ...], expected: bool
) -> None:
    async def story(world: PlaneWorld) -> None:
        assert not world.plane.activator_in_path(REVISION)
        world.publish(make_target(*pods, mode=mode))
        assert world.plane.activator_in_path(REVISION) is expected

    play(story)


def test_stats_and_pokes_come_from_the_flow_core() -> None:
    async def story(world: PlaneWorld) -> None:
        pokes: list[Stat] = []
        world.plane.on_poke(lambda _, stat: pokes.append(stat))
        world.publish(make_target("pod-1"))
        world.send(steady(10, 1), 0.05)
        await asyncio.sleep(1)
        reports = {stat.reporter: stat for stat in world.plane.collect(1.0)}
        assert [stat.reporter for stat in pokes] == ["activator"]
        assert reports["pod-1"].request_count == 10
        assert reports["pod-1"].average_concurrent_requests == pytest.approx(0.5)

    play(story)


@pytest.mark.parametrize(("busy", "grace", "done_at"), [(0, 30, 0), (5, 30, 5), (50, 30, 31)])
def test_a_drain_ends_at_idle_or_grace_and_never_within_begin(
    busy: float, grace: float, done_at: float
) -> None:
    async def story(world: PlaneWorld) -> None:
        world.publish(make_target("pod-1"))
        if busy:
            world.send(steady(1, 1), busy)
            await asyncio.sleep(1)
        done: list[float] = []
        world.plane.begin(POD, grace=grace, done=lambda: done.append(world.loop.time()))
        assert done == []
        await asyncio.sleep(100)
        assert done == pytest.approx([done_at])

    play(story)


def test_a_replica_is_down_from_its_exit_until_it_runs_again() -> None:
    async def story(world: PlaneWorld) -> None:
        lost: list[str] = []
        world.plane.on_loss(lambda replica: lost.append(replica.name))
        world.publish(make_target("pod-1"))
        world.tell("pod-1", ReplicaEventKind.STARTED)
        world.tell("pod-1", ReplicaEventKind.EXITED)
        assert POD in world.plane.down
        world.tell("pod-1", ReplicaEventKind.STARTED)
        assert POD not in world.plane.down
        world.tell("pod-1", ReplicaEventKind.EXITED)
        world.tell("pod-1", ReplicaEventKind.GONE)
        world.publish(make_target("pod-1"))
        assert POD in world.plane.down
        world.publish(make_target("pod-2"))
        assert not world.plane.down
        assert lost == ["pod-1", "pod-1"]

    play(story)
