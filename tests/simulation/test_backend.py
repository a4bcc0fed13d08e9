import asyncio
from collections.abc import Awaitable, Callable

import pytest

from kfsim.api.core import Container, Pod, PodSpec, Probe
from kfsim.api.meta import ObjectMeta
from kfsim.base.entropy import SeededEntropy
from kfsim.base.errors import AlreadyExists, NotFound, Unavailable
from kfsim.base.types import ReplicaKey, RevisionKey
from kfsim.replicas.backend import LogOptions, ReplicaEventKind, ReplicaSpec
from kfsim.simulation.backend import SimulatedBackend
from kfsim.simulation.loop import run_virtual, running_loop
from kfsim.simulation.scripts import ReplicaScript, StartFailure

REVISION = RevisionKey("default", "iris-predictor-00001")
KEY = ReplicaKey("default", "iris-0")
CONTAINER = "kserve-container"
FAST = ReplicaScript(schedule=0.25, initialize=0.5, load=2.0, shutdown=0.5)


def make_spec(key: ReplicaKey = KEY) -> ReplicaSpec:
    pod = Pod(
        metadata=ObjectMeta(namespace=key.namespace, name=key.name),
        spec=PodSpec(
            init_containers=(Container(name="storage-initializer"),),
            containers=(Container(name=CONTAINER), Container(name="queue-proxy")),
        ),
    )
    return ReplicaSpec(key, "uid-1", REVISION, pod, CONTAINER, 8080)


class World:
    """A backend with everything it told, as `(time, event, container, exit code)`."""

    def __init__(self, script: ReplicaScript) -> None:
        self.clock = running_loop().clock
        self.backend = SimulatedBackend(clock=self.clock, entropy=SeededEntropy(1), default=script)
        self.heard: list[tuple[float, str, str, int | None]] = []
        self.backend.subscribe(
            lambda event: self.heard.append(
                (round(self.clock.now(), 6), event.kind, event.container, event.exit_code)
            )
        )

    async def ready(self) -> bool:
        return (await self.backend.probe(KEY, CONTAINER, Probe())).success


def play(script: ReplicaScript, story: Callable[[World], Awaitable[None]]) -> World:
    async def main() -> World:
        world = World(script)
        await story(world)
        await world.backend.close()
        return world

    return run_virtual(main())


def test_a_replica_starts_loads_and_stops_as_scripted() -> None:
    async def story(world: World) -> None:
        await world.backend.start(make_spec())
        assert str(world.backend.address(KEY, 8080)) == "10.0.0.1:8080"
        await asyncio.sleep(1)
        assert not await world.ready()
        await asyncio.sleep(1.75)
        assert await world.ready()
        await world.backend.stop(KEY, grace_seconds=30)
        with pytest.raises(NotFound):
            world.backend.address(KEY, 8080)

    assert play(FAST, story).heard == [
        (0.25, "InitStarted", "storage-initializer", None),
        (0.75, "InitExited", "storage-initializer", 0),
        (0.75, "Started", CONTAINER, None),
        (3.25, "Exited", CONTAINER, 0),
        (3.25, "Gone", "", None),
    ]


def test_the_grace_period_ends_in_a_kill() -> None:
    async def story(world: World) -> None:
        await world.backend.start(make_spec())
        await asyncio.sleep(1)
        async with asyncio.TaskGroup() as group:
            group.create_task(world.backend.stop(KEY, grace_seconds=10))
            group.create_task(world.backend.stop(KEY, grace_seconds=10))
        assert world.clock.now() == 11

    heard = play(ReplicaScript(shutdown=60), story).heard
    assert heard[-2:] == [(11, "Exited", CONTAINER, 137), (11, "Gone", "", None)]


def test_a_replica_that_never_started_just_goes() -> None:
    async def story(world: World) -> None:
        await world.backend.start(make_spec())
        await world.backend.stop(KEY, grace_seconds=10)

    assert play(FAST, story).heard == [(0, "Gone", "", None)]


def test_crashes_follow_the_script_and_restarts_are_asked_for() -> None:
    async def story(world: World) -> None:
        await world.backend.start(make_spec())
        await asyncio.sleep(5)
        assert not await world.ready()
        await world.backend.restart_container(KEY, CONTAINER)
        await asyncio.sleep(2)
        assert await world.ready()

    world = play(ReplicaScript(schedule=0, initialize=0, load=1, crashes_after=(4.0,)), story)
    assert world.heard[2:5] == [
        (0, "Started", CONTAINER, None),
        (4, "Exited", CONTAINER, 1),
        (5, "Started", CONTAINER, None),
    ]


def test_a_load_that_fails_exits_when_the_load_time_is_over() -> None:
    async def story(world: World) -> None:
        await world.backend.start(make_spec())
        await asyncio.sleep(10)
        await world.backend.restart_container(KEY, CONTAINER)
        await asyncio.sleep(10)
        assert await world.ready()

    world = play(ReplicaScript(schedule=0, initialize=0, load=3, failing_loads=1), story)
    assert world.heard[3:5] == [(3, "Exited", CONTAINER, 1), (10, "Started", CONTAINER, None)]


def test_an_init_container_that_fails_waits_for_its_restart() -> None:
    async def story(world: World) -> None:
        await world.backend.start(make_spec())
        await asyncio.sleep(10)
        await world.backend.restart_container(KEY, "storage-initializer")
        await asyncio.sleep(10)
        assert await world.ready()

    script = ReplicaScript(schedule=0, initialize=1, load=1, failing_initializations=1)
    assert play(script, story).heard[:5] == [
        (0, "InitStarted", "storage-initializer", None),
        (1, "InitExited", "storage-initializer", 1),
        (10, "InitStarted", "storage-initializer", None),
        (11, "InitExited", "storage-initializer", 0),
        (11, "Started", CONTAINER, None),
    ]


def test_what_cannot_be_started_says_why_each_time() -> None:
    async def story(world: World) -> None:
        world.backend.script(REVISION, ReplicaScript(start_failure=StartFailure("NeedsDocker", "")))
        await world.backend.start(make_spec())
        await asyncio.sleep(1)
        await world.backend.restart_container(KEY, CONTAINER)

    kinds = [event for _, event, _, _ in play(FAST, story).heard]
    assert kinds[2:] == [ReplicaEventKind.FAILED, ReplicaEventKind.FAILED, ReplicaEventKind.GONE]


def test_a_crash_can_be_asked_for() -> None:
    async def story(world: World) -> None:
        await world.backend.start(make_spec())
        await asyncio.sleep(5)
        world.backend.crash(KEY)
        await asyncio.sleep(0.1)
        with pytest.raises(NotFound):
            world.backend.crash(KEY)

    assert (5, "Exited", CONTAINER, 137) in play(FAST, story).heard


def test_jitter_is_bounded_and_follows_the_seed() -> None:
    async def story(world: World) -> None:
        await world.backend.start(make_spec())
        await asyncio.sleep(10)

    script = ReplicaScript(schedule=1, initialize=1, load=1, jitter=0.2)
    first, again = play(script, story).heard, play(script, story).heard
    assert first == again
    assert 0.8 <= first[0][0] <= 1.2
    assert first[0][0] != 1


def test_logs_have_runs_tails_and_an_end_to_follow() -> None:
    async def story(world: World) -> None:
        backend = world.backend
        await backend.start(make_spec())
        await asyncio.sleep(5)
        await backend.restart_container(KEY, CONTAINER)

        async def read(**options: object) -> list[bytes]:
            found = backend.logs(KEY, LogOptions(container=CONTAINER, **options))
            return [line async for line in found]

        assert await read() == [b"start 2\n"]
        assert await read(previous=True, tail_lines=1) == [b"simulated crash\n"]
        assert await read(timestamps=True) == [b"2000-01-01T00:00:05Z start 2\n"]
        async with asyncio.TaskGroup() as group:
            followed = group.create_task(read(follow=True))
            await asyncio.sleep(1)
            await backend.stop(KEY, grace_seconds=1)
        assert followed.result() == [b"start 2\n", b"stopped\n"]
        with pytest.raises(NotFound):
            backend.logs(KEY, LogOptions(container="other"))

    play(ReplicaScript(schedule=0, initialize=0, crashes_after=(2.0,)), story)


def test_misuse_is_refused() -> None:
    async def story(world: World) -> None:
        await world.backend.start(make_spec())
        with pytest.raises(AlreadyExists):
            await world.backend.start(make_spec())
        with pytest.raises(Unavailable, match="run no commands"):
            await world.backend.exec(KEY, CONTAINER, ["ls"])
        with pytest.raises(NotFound):
            await world.backend.probe(ReplicaKey("default", "nobody"), CONTAINER, Probe())
        with pytest.raises(NotFound):
            await world.backend.restart_container(KEY, "other")
        await world.backend.stop(ReplicaKey("default", "nobody"), grace_seconds=1)
        assert world.backend.replicas == (KEY,)
        assert await world.backend.find_running() == ()

    play(FAST, story)
