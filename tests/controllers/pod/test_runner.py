import asyncio

import pytest

from kfsim.api.core import Container, Pod, PodSpec
from kfsim.api.meta import ObjectMeta
from kfsim.base.errors import Unavailable
from kfsim.base.types import ReplicaKey
from kfsim.controllers.pod.replica import Replica, Stage, make_replica_spec
from kfsim.controllers.pod.runner import Runner
from kfsim.replicas import lifecycle
from kfsim.replicas.backend import ReplicaEventKind
from kfsim.simulation.loop import run_virtual
from kfsim.testing.backend import FakeBackend

KEY = ReplicaKey("default", "iris")
POD = Pod(
    metadata=ObjectMeta(name="iris", namespace="default", uid="u"),
    spec=PodSpec(containers=(Container(name="c"),)),
)


class SlowBackend(FakeBackend):
    """Takes a second to begin."""

    async def start(self, spec):
        await asyncio.sleep(1)
        await super().start(spec)


class StubbornBackend(FakeBackend):
    """Refuses the first stop and every restart."""

    refusals = 1

    async def stop(self, key, *, grace_seconds):
        if self.refusals:
            self.refusals -= 1
            raise Unavailable("busy")
        await super().stop(key, grace_seconds=grace_seconds)

    async def restart_container(self, key, container):
        raise Unavailable("engine is away")


@pytest.fixture
def play():
    def run(story, backend=None):
        async def main():
            used = backend or FakeBackend()
            events = []
            replica = Replica(KEY, "u", POD, lifecycle.begin_replica(POD, wall=0.0), Stage.HELD)
            replica.spec = make_replica_spec(POD, None)

            def hear(event):
                events.append(event)
                if event.kind is ReplicaEventKind.GONE:
                    replica.present = False  # as the kubelet does

            used.subscribe(hear)
            runner = Runner(backend=used, on_event=hear)
            try:
                await story(runner, replica, used, events)
            finally:
                await runner.close()

        run_virtual(main())

    return run


def kinds(events):
    return [each.kind for each in events]


def test_a_start_hands_the_replica_over(play):
    async def story(runner, replica, backend, events):
        runner.start(replica)
        assert (replica.stage, replica.present, replica.lives) == (Stage.LIVE, True, 1)
        await asyncio.sleep(0)
        assert list(backend.specs) == [KEY]
        assert events == []

    play(story)


def test_a_refused_start_is_told_as_a_failed_container(play):
    async def story(runner, replica, backend, events):
        backend.start_error = Unavailable("no engine; start it")
        runner.start(replica)
        await asyncio.sleep(0)
        (event,) = events
        assert (event.kind, event.container) == (ReplicaEventKind.FAILED, "c")
        assert (event.reason, event.message) == ("CreateContainerError", "no engine; start it")
        assert not replica.present

    play(story)


def test_a_refused_start_of_an_ending_replica_is_its_end(play):
    async def story(runner, replica, backend, events):
        backend.start_error = Unavailable("no engine")
        runner.start(replica)
        replica.stage = Stage.DRAINING
        await asyncio.sleep(0)
        assert kinds(events) == [ReplicaEventKind.GONE]

    play(story)


def test_a_restart_of_what_the_backend_forgot_starts_it_whole(play):
    async def story(runner, replica, backend, _):
        runner.restart(replica, "c")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert list(backend.specs) == [KEY]
        runner.restart(replica, "c")
        await asyncio.sleep(0)
        assert backend.restarted == [(KEY, "c")]

    play(story)


def test_a_refused_restart_is_told_as_a_failed_container(play):
    async def story(runner, replica, _, events):
        runner.start(replica)
        await asyncio.sleep(0)
        runner.restart(replica, "c")
        await asyncio.sleep(0)
        assert [each.message for each in events] == ["engine is away"]
        assert replica.present

    play(story, StubbornBackend())


def test_a_stop_waits_for_its_start(play):
    async def story(runner, replica, backend, events):
        runner.start(replica)
        runner.stop(replica, 5.0)
        await asyncio.sleep(0.5)
        assert backend.stopped == []
        await asyncio.sleep(1)
        assert backend.stopped == [(KEY, 5.0)]
        assert kinds(events) == [ReplicaEventKind.GONE]

    play(story, SlowBackend())


def test_a_refused_stop_is_tried_again(play):
    async def story(runner, replica, backend, events):
        runner.start(replica)
        runner.stop(replica, 5.0)
        await asyncio.sleep(1)
        assert [each.reason for each in replica.notes] == ["FailedKillPod"]
        await asyncio.sleep(5)
        assert backend.stopped == [(KEY, 5.0)]
        assert ReplicaEventKind.GONE in kinds(events)

    play(story, StubbornBackend())


def test_a_stop_of_what_the_backend_does_not_know_still_ends(play):
    async def story(runner, replica, _, events):
        replica.present = True
        runner.stop(replica, 5.0)
        await asyncio.sleep(0)
        assert kinds(events) == [ReplicaEventKind.GONE]

    play(story)


def test_an_unknown_replica_is_stopped_by_its_key(play):
    async def story(runner, _, backend, events):
        runner.stop_unknown(KEY, 2.0)
        await asyncio.sleep(0)
        assert backend.stopped == [(KEY, 2.0)]
        assert events == []

    play(story)


def test_an_unknown_replica_that_cannot_be_stopped_yet_is_stopped_later(play):
    async def story(runner, _, backend, events):
        gone = asyncio.Event()
        runner.stop_unknown(KEY, 2.0, done=gone.set)
        await asyncio.sleep(1)
        assert not gone.is_set()
        await asyncio.wait_for(gone.wait(), 10)
        assert backend.stopped == [(KEY, 2.0)]

    play(story, StubbornBackend())
