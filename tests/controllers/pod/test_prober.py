import asyncio

import pytest

from kfsim.api.core import Container, Pod, PodSpec, Probe, TCPSocketAction
from kfsim.api.meta import ObjectMeta
from kfsim.base.errors import Unavailable
from kfsim.base.types import ReplicaKey, RevisionKey
from kfsim.controllers.pod.prober import Prober
from kfsim.replicas.backend import ReplicaSpec
from kfsim.simulation.loop import run_virtual, running_loop
from kfsim.testing.backend import FakeBackend

KEY = ReplicaKey("default", "iris")
TCP = Probe(tcp_socket=TCPSocketAction(port=1), period_seconds=2)


class Heard:
    """Keeps every verdict with its time."""

    def __init__(self):
        self.all = []

    def _add(self, *what):
        self.all.append((round(running_loop().clock.now(), 3), *what))

    def on_initialized(self, key, container):
        self._add("initialized")

    def on_probed(self, key, container, *, ready):
        self._add("ready" if ready else "unready")

    def on_unhealthy(self, key, container, kind, message):
        self._add("unhealthy", kind, message)

    def on_dead(self, key, container, kind):
        self._add("dead", kind)


@pytest.fixture
def play():
    def run(story):
        async def main():
            backend, heard = FakeBackend(), Heard()
            pod = Pod(
                metadata=ObjectMeta(name="iris"), spec=PodSpec(containers=(Container(name="c"),))
            )
            await backend.start(ReplicaSpec(KEY, "u", RevisionKey("", ""), pod, "c", 1))
            prober = Prober(backend=backend, clock=running_loop().clock, listener=heard)
            try:
                await story(prober, backend, heard.all)
            finally:
                await prober.close()

        run_virtual(main())

    return run


def test_without_probes_a_container_is_ready_at_once(play):
    async def story(prober, _, heard):
        prober.watch(KEY, Container(name="c"), readiness=None, fast=False, started=0.0)
        assert heard == [(0, "initialized"), (0, "ready")]

    play(story)


def test_the_startup_probe_comes_before_the_others(play):
    async def story(prober, backend, heard):
        container = Container(name="c", startup_probe=TCP, liveness_probe=TCP)
        prober.watch(KEY, container, readiness=TCP, fast=False, started=0.0)
        await asyncio.sleep(1)
        backend.ready(KEY, "c")
        await asyncio.sleep(2)
        assert heard == [
            (0, "unhealthy", "Startup", "refused"),
            (2, "initialized"),
            (2, "ready"),
        ]

    play(story)


def test_a_startup_that_never_ends_is_dead_and_nothing_more_is_asked(play):
    async def story(prober, backend, heard):
        prober.watch(
            KEY, Container(name="c", startup_probe=TCP), readiness=TCP, fast=False, started=0.0
        )
        await asyncio.sleep(30)
        assert heard[-1] == (4, "dead", "Startup")
        assert len(backend.probes) == 3

    play(story)


def test_a_long_startup_uses_up_the_initial_delay_of_the_others(play):
    async def story(prober, backend, heard):
        late = TCP.replaced(initial_delay_seconds=5)
        container = Container(name="c", startup_probe=TCP.replaced(failure_threshold=9))
        prober.watch(KEY, container, readiness=late, fast=False, started=0.0)
        await asyncio.sleep(9)
        backend.ready(KEY, "c")
        await asyncio.sleep(2)
        assert heard[-2:] == [(10, "initialized"), (10, "ready")]

    play(story)


def test_readiness_turns_both_ways(play):
    async def story(prober, backend, heard):
        backend.ready(KEY, "c")
        prober.watch(KEY, Container(name="c"), readiness=TCP, fast=True, started=0.0)
        await asyncio.sleep(1)
        backend.unready(KEY, "c")
        await asyncio.sleep(6)
        backend.ready(KEY, "c")
        await asyncio.sleep(2)
        turns = [each[:2] for each in heard if each[1] in ("ready", "unready")]
        assert turns == [(0, "ready"), (6, "unready"), (8, "ready")]

    play(story)


def test_liveness_failures_end_in_death_once(play):
    async def story(prober, _, heard):
        prober.watch(
            KEY, Container(name="c", liveness_probe=TCP), readiness=None, fast=True, started=0.0
        )
        await asyncio.sleep(60)
        assert [each for each in heard if each[1] == "dead"] == [(4, "dead", "Liveness")]

    play(story)


def test_a_forgotten_container_is_heard_of_no_more(play):
    async def story(prober, backend, heard):
        prober.watch(KEY, Container(name="c"), readiness=TCP, fast=True, started=0.0)
        await asyncio.sleep(0.1)
        prober.forget(KEY, "c")
        backend.ready(KEY, "c")
        await asyncio.sleep(5)
        assert heard == [(0, "initialized")]

    play(story)


def test_a_replica_that_vanished_counts_as_a_failure(play):
    async def story(prober, backend, heard):
        backend.specs.clear()
        prober.watch(KEY, Container(name="c"), readiness=TCP, fast=False, started=0.0)
        await asyncio.sleep(0.1)
        assert heard[-1] == (0, "unhealthy", "Readiness", "replica default/iris is not running")

    play(story)


def test_an_attempt_that_cannot_be_made_says_nothing_about_the_container(play):
    async def story(prober, backend, heard):
        backend.ready(KEY, "c")
        prober.watch(
            KEY, Container(name="c", liveness_probe=TCP), readiness=TCP, fast=False, started=0.0
        )
        await asyncio.sleep(1)
        probe, away = backend.probe, []

        async def cannot(*_):
            away.append(running_loop().clock.now())
            raise Unavailable("no engine")

        backend.probe = cannot
        await asyncio.sleep(20)
        assert away == [2, 2, 4, 4, 6, 6, 8, 8, 10, 10, 12, 12, 14, 14, 16, 16, 18, 18, 20, 20]
        backend.probe = probe
        await asyncio.sleep(2)
        assert heard == [(0, "initialized"), (0, "ready")]

    play(story)
