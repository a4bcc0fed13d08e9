import pytest

from kfsim.api.core import ContainerStatus, Pod, PodStatus
from kfsim.api.meta import Condition, ObjectMeta
from kfsim.controllers.deployment.victims import choose_victims


def make_pod(name, *, phase="Running", ready=True, since=0, created=0, restarts=0, cost=None):
    stamp = "2000-01-01T00:00:{:02}Z"
    return Pod(
        metadata=ObjectMeta(
            name=name,
            creation_timestamp=stamp.format(created),
            annotations={"controller.kubernetes.io/pod-deletion-cost": cost} if cost else {},
        ),
        status=PodStatus(
            phase=phase,
            conditions=(
                Condition(
                    type="Ready",
                    status="True" if ready else "False",
                    last_transition_time=stamp.format(since),
                ),
            ),
            container_statuses=(ContainerStatus(name="c", restart_count=restarts),),
        ),
    )


@pytest.mark.parametrize(
    ("pods", "first"),
    [
        pytest.param(
            [make_pod("a"), make_pod("b", phase="Pending", ready=False)], "b", id="pending"
        ),
        pytest.param([make_pod("a"), make_pod("b", ready=False)], "b", id="not ready"),
        pytest.param([make_pod("a", cost="5"), make_pod("b", cost="-5")], "b", id="cheaper"),
        pytest.param([make_pod("a", cost="x"), make_pod("b", cost="-1")], "b", id="bad cost is 0"),
        pytest.param([make_pod("a", since=1), make_pod("b", since=9)], "b", id="ready for shorter"),
        pytest.param([make_pod("a"), make_pod("b", restarts=2)], "b", id="restarted more often"),
        pytest.param([make_pod("a", created=1), make_pod("b", created=9)], "b", id="younger"),
        pytest.param([make_pod("b"), make_pod("a")], "a", id="the name decides what is left"),
    ],
)
def test_who_goes_first(pods, first):
    assert [each.metadata.name for each in choose_victims(pods, 1)] == [first]


def test_no_more_than_asked_for():
    pods = [make_pod("a"), make_pod("b")]
    assert choose_victims(pods, 0) == ()
    assert choose_victims(pods, -1) == ()
    assert len(choose_victims(pods, 5)) == 2
