"""What verdicts of probes do to a replica."""

import pytest

from kfsim.api.core import Container, Pod, PodSpec
from kfsim.api.meta import ObjectMeta
from kfsim.base.types import ReplicaKey
from kfsim.controllers.pod.health import Health
from kfsim.controllers.pod.replica import Note, Replica, Stage
from kfsim.replicas import lifecycle
from kfsim.replicas.backend import ReplicaEvent, ReplicaEventKind
from kfsim.testing.backend import FakeBackend
from kfsim.testing.clock import FakeClock
from kfsim.testing.scaling import SERVING, tell
from tests.controllers.pod.scripts import hooked

KEY = ReplicaKey("default", "iris")
STARTED = ReplicaEventKind.STARTED


@pytest.mark.parametrize(
    ("own", "grace"), [({}, 20.0), ({"terminationGracePeriodSeconds": 5}, 5.0)]
)
def test_a_failed_liveness_probe_runs_the_pre_stop_hook_within_its_own_grace(own, grace):
    async def story(world):
        alive = {"tcpSocket": {"port": 1}, "periodSeconds": 1, "failureThreshold": 1, **own}
        spec = hooked(None, {"sleep": {"seconds": 1}}, grace=20, livenessProbe=alive)
        world.apply_revision(spec=spec)
        await world.settle()
        world.hands.emit(world.key, STARTED, SERVING)
        await world.settle()
        assert world.events("Killing") == [
            f"Container {SERVING} failed liveness probe, will be restarted"
        ]
        assert world.hands.stopped == []
        await world.advance(1)
        assert world.hands.stopped == [(world.key, grace - 1)]

    tell(story)


def test_a_failed_startup_probe_uses_its_own_grace():
    async def story(world):
        starts = {
            "tcpSocket": {"port": 1},
            "failureThreshold": 1,
            "terminationGracePeriodSeconds": 1,
        }
        world.apply_revision(spec=hooked(grace=20, startupProbe=starts))
        await world.settle()
        world.hands.emit(world.key, STARTED, SERVING)
        await world.advance(1)
        assert world.hands.stopped == [(world.key, 2.0)]  # kubelet's least

    tell(story)


class Desk:
    """Health over one replica of two containers, with what it asks of others written down."""

    def __init__(self):
        two = (Container(name="a"), Container(name="b"))
        pod = Pod(metadata=ObjectMeta(name="iris"), spec=PodSpec(containers=two))
        state = lifecycle.begin_replica(pod, wall=0.0)
        self.replica = Replica(KEY, "u", pod, state, Stage.LIVE)
        self.serving, self.dead, self.woken = [], [], []
        self.health = Health(
            clock=FakeClock(),
            backend=FakeBackend(),
            replicas={KEY: self.replica},
            wake=lambda key, after: self.woken.append((key, after)),
            on_serving=self.serving.append,
            on_dead=lambda *told: self.dead.append(told),
        )

    def start(self, name):
        """The container runs; without probes it is ready at once."""
        event = ReplicaEvent(KEY, "u", STARTED, name)
        self.replica.state = lifecycle.observe(self.replica.state, event, wall=0.0, now=0.0)
        self.health.watch(self.replica, name, started=0.0)


def test_a_replica_is_told_to_serve_when_all_its_containers_are_ready():
    desk = Desk()
    desk.start("a")
    assert desk.serving == []
    desk.start("b")
    assert desk.serving == [desk.replica]
    assert desk.replica.state.in_service
    assert set(desk.woken) == {(KEY, 0.0)}
    desk.health.on_probed(KEY, "a", ready=False)
    assert not desk.replica.state.in_service
    assert desk.serving == [desk.replica]


def test_a_failure_that_counts_is_told():
    desk = Desk()
    desk.health.on_unhealthy(KEY, "a", "Readiness", "statuscode: 503")
    text = "Readiness probe failed: statuscode: 503"
    assert desk.replica.notes == [Note("Warning", "Unhealthy", text)]
    assert desk.woken == [(KEY, 0.0)]


@pytest.mark.parametrize("stage", list(Stage))
def test_only_a_live_replica_is_replaced(stage):
    desk = Desk()
    desk.replica.stage = stage
    desk.health.on_dead(KEY, "a", "Liveness")
    live = stage is Stage.LIVE
    assert desk.dead == ([(desk.replica, "a", 30.0)] if live else [])
    assert [each.reason for each in desk.replica.notes] == (["Killing"] if live else [])
