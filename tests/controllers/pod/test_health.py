"""What verdicts of probes do to a replica."""

import pytest

from kfsim.replicas.backend import ReplicaEventKind
from kfsim.testing.scaling import SERVING, tell
from tests.controllers.pod.scripts import hooked

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
