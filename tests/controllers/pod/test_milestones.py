"""Which moments of a start are kept."""

from kfsim.controllers.pod.milestones import Milestone, Milestones
from kfsim.replicas.backend import ReplicaEventKind
from kfsim.testing.scaling import SERVING, tell
from tests.controllers.pod.scripts import bare


def test_the_last_container_counts_until_the_replica_serves() -> None:
    milestones = Milestones()
    for milestone, now in (
        (Milestone.ACCEPTED, 1.0),
        (Milestone.FETCHING, 2.0),
        (Milestone.FETCHED, 3.0),
        (Milestone.FETCHING, 3.1),
        (Milestone.FETCHED, 5.0),
        (Milestone.STARTED, 6.0),
        (Milestone.SERVING, 7.0),
        (Milestone.STARTED, 90.0),
        (Milestone.SERVING, 91.0),
    ):
        milestones.reach(milestone, now)
    assert list(milestones.times.values()) == [1.0, 2.0, 5.0, 6.0, 7.0]


def test_a_replica_passes_them_in_order() -> None:
    async def story(world):
        world.apply_revision(spec=bare())
        await world.settle()
        await world.advance(2)
        world.backend.emit(world.key, ReplicaEventKind.STARTED, SERVING)
        await world.advance(1)
        times = world.kubelet.find(world.key).milestones.times
        assert list(times) == [
            Milestone.ACCEPTED, Milestone.BEGUN, Milestone.STARTED, Milestone.SERVING,
        ]  # fmt: skip
        assert times[Milestone.STARTED] - times[Milestone.BEGUN] == 2.0

    tell(story)
