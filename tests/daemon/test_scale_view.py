"""What an answer from zero took, by phase."""

import pytest

from kfsim.base.types import ReplicaKey
from kfsim.controllers.pod.milestones import Milestone, Milestones
from kfsim.daemon.scale_view import describe_cold_start
from kfsim.dataplane.cold_starts import ColdStart

COLD = ColdStart(ReplicaKey("default", "pod-1"), 10.0, 16.0)


def milestones(**times: float) -> Milestones:
    return Milestones({Milestone(name): at for name, at in times.items()})


@pytest.mark.parametrize(
    ("reached", "phases"),
    [
        (
            milestones(accepted=10.5, begun=11.0, fetching=12.0, fetched=14.0, started=14.5,
                       serving=15.5),
            {"queue": 1.0, "prepare": 1.0, "download": 2.0, "start": 0.5, "load": 1.0,
             "answer": 0.5},
        ),
        (
            milestones(accepted=8.0, begun=8.5, started=9.0, serving=15.0),
            {"queue": 0.0, "start": 0.0, "load": 5.0, "answer": 1.0},
        ),
        (None, {}),
    ],
    ids=["from-zero", "while-it-started-anyway", "replica-is-gone"],
)  # fmt: skip
def test_phases_add_up_to_the_whole(reached: Milestones | None, phases: dict[str, float]) -> None:
    told = describe_cold_start(COLD, reached)
    assert told["phases"] == phases
    assert told["seconds"] == 6.0
    assert not phases or sum(told["phases"].values()) == told["seconds"]
