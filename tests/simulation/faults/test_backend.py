"""An engine that fails, replicas that are ill, and a daemon that leaves them behind."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from kfsim.api.core import Container, Pod, PodSpec, Probe
from kfsim.api.meta import ObjectMeta
from kfsim.base.entropy import SeededEntropy
from kfsim.base.errors import NotFound, Unavailable
from kfsim.base.types import ReplicaKey, RevisionKey
from kfsim.replicas.backend import ReplicaSpec
from kfsim.simulation.faults.backend import Ailment, FaultyBackend
from kfsim.simulation.loop import run_virtual, running_loop
from kfsim.simulation.scripts import ReplicaScript, StartFailure

KEY = ReplicaKey("team", "p")
PROBE = Probe(timeout_seconds=3)


def make_spec(uid: str = "u") -> ReplicaSpec:
    pod = Pod(
        metadata=ObjectMeta(namespace="team", name="p", uid=uid),
        spec=PodSpec(containers=(Container(name="model"),)),
    )
    return ReplicaSpec(
        key=KEY,
        uid=uid,
        revision=RevisionKey("team", "r"),
        pod=pod,
        serving_container="model",
        serving_port=8080,
    )


def play(story: Callable[[FaultyBackend], Awaitable[None]]) -> None:
    async def run() -> None:
        loop = running_loop()
        backend = FaultyBackend(
            clock=loop.clock, entropy=SeededEntropy(1), default=ReplicaScript(load=1.0)
        )
        await story(backend)
        backend.available = True
        await backend.close()

    run_virtual(run())


async def _started(backend: FaultyBackend) -> None:
    await backend.start(make_spec())
    await asyncio.sleep(5)
    assert (await backend.probe(KEY, "model", PROBE)).success


def test_an_engine_that_is_away_refuses_everything() -> None:
    async def story(backend: FaultyBackend) -> None:
        await _started(backend)
        backend.available = False
        for attempt in (
            backend.start(make_spec()),
            backend.stop(KEY, grace_seconds=0),
            backend.restart_container(KEY, "model"),
            backend.probe(KEY, "model", PROBE),
        ):
            with pytest.raises(Unavailable, match="the engine does not answer"):
                await attempt

    play(story)


@pytest.mark.parametrize(("ailment", "takes"), [(Ailment.REFUSES, 0), (Ailment.HANGS, 3)])
def test_an_ill_replica_fails_its_probes_until_it_is_cured(ailment: Ailment, takes: int) -> None:
    async def story(backend: FaultyBackend) -> None:
        await _started(backend)
        backend.afflict(KEY, ailment)
        before = running_loop().moment
        assert not (await backend.probe(KEY, "model", PROBE)).success
        assert running_loop().moment - before == takes
        backend.cure_all()
        assert (await backend.probe(KEY, "model", PROBE)).success

    play(story)


def test_a_mended_image_is_pulled_at_the_next_attempt() -> None:
    async def story(backend: FaultyBackend) -> None:
        backend.make_default(ReplicaScript(start_failure=StartFailure("ErrImagePull", "none")))
        await backend.start(make_spec())
        await asyncio.sleep(5)
        assert not (await backend.probe(KEY, "model", PROBE)).success
        backend.make_default(ReplicaScript(load=1.0))
        backend.cure_all()
        await backend.restart_container(KEY, "model")
        await asyncio.sleep(5)
        assert (await backend.probe(KEY, "model", PROBE)).success

    play(story)


def test_a_replica_outlives_the_daemon_unless_it_is_lost() -> None:
    async def story(backend: FaultyBackend) -> None:
        await _started(backend)
        await backend.orphan([])
        (found,) = await backend.find_running()
        assert (found.key, found.uid) == (KEY, "u")
        backend.adopt(make_spec())
        with pytest.raises(NotFound):
            backend.adopt(make_spec("another"))
        await backend.orphan([KEY])
        assert not await backend.find_running()
        with pytest.raises(NotFound):
            backend.adopt(make_spec())

    play(story)
