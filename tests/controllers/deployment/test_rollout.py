import pytest

from kfsim.controllers.deployment.rollout import Counts, Plan, plan_rollout, resolve_fences


def rolling(surge, unavailable):
    return {"rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}


@pytest.mark.parametrize(
    ("counts", "desired", "strategy", "plan"),
    [
        pytest.param(Counts(0, 0, 0, 0), 3, None, Plan(create=3), id="from nothing"),
        pytest.param(Counts(3, 3, 0, 0), 3, None, Plan(), id="enough"),
        pytest.param(Counts(3, 1, 0, 0), 1, None, Plan(remove_new=2), id="too many"),
        pytest.param(Counts(2, 2, 0, 0), 0, None, Plan(remove_new=2), id="to zero"),
        pytest.param(
            Counts(0, 0, 4, 4), 4, None, Plan(create=1, remove_old=1), id="a rollout begins"
        ),
        pytest.param(
            Counts(1, 0, 3, 3), 4, None, Plan(create=1), id="new pods must serve before old go"
        ),
        pytest.param(Counts(2, 1, 3, 3), 4, None, Plan(remove_old=1), id="one new serves"),
        pytest.param(Counts(4, 4, 1, 1), 4, None, Plan(remove_old=1), id="the last old one"),
        pytest.param(Counts(0, 0, 1, 1), 1, None, Plan(create=1), id="a single pod surges"),
        pytest.param(
            Counts(1, 0, 1, 1), 1, None, Plan(), id="a single old pod stays until the new serves"
        ),
        pytest.param(Counts(1, 1, 1, 1), 1, None, Plan(remove_old=1), id="and then goes"),
        pytest.param(
            Counts(0, 0, 3, 0), 3, rolling(0, 1), Plan(remove_old=1), id="broken old pods go"
        ),
        pytest.param(
            Counts(0, 0, 2, 2),
            2,
            {"type": "Recreate"},
            Plan(remove_old=2),
            id="recreate ends first",
        ),
        pytest.param(
            Counts(1, 1, 2, 2), 0, None, Plan(remove_new=1, remove_old=2), id="zero ends all"
        ),
        pytest.param(
            Counts(0, 0, 2, 2), 2, rolling(2, 0), Plan(create=2), id="surge only, none unavailable"
        ),
    ],
)
def test_the_next_step(counts, desired, strategy, plan):
    assert plan_rollout(counts, desired=desired, strategy=strategy) == plan


@pytest.mark.parametrize(
    ("strategy", "desired", "fences"),
    [
        pytest.param(None, 4, (1, 1), id="a quarter"),
        pytest.param(None, 1, (1, 0), id="surge rounds up and unavailable down"),
        pytest.param(rolling(0, 0), 4, (0, 1), id="never both zero"),
        pytest.param(rolling("50%", 3), 5, (3, 3), id="percent and number"),
    ],
)
def test_fences(strategy, desired, fences):
    assert resolve_fences(strategy, desired) == fences


def test_a_rollout_always_ends_within_its_fences():
    desired, new, old = 5, 0, 5
    for _ in range(20):
        plan = plan_rollout(Counts(new, new, old, old), desired=desired, strategy=None)
        new, old = new + plan.create - plan.remove_new, old - plan.remove_old
        assert desired - 1 <= new + old <= desired + 2
    assert (new, old) == (5, 0)
