"""When a revision will be at zero, by the rules and the times in force."""

import pytest

from kfsim.autoscaler.outlook import Outlook, foresee_zero
from kfsim.autoscaler.scale_to_zero import ActiveCondition, Activity, ScaleTargetSpec
from kfsim.autoscaler.spec import DeciderSpec

NOW = 1000.0
# With no burst to keep room for, the activator is out of the path while a pod runs.
OUT_OF_PATH = DeciderSpec(target_burst_capacity=0.0)


def active(status: Activity, age: float) -> ActiveCondition:
    return ActiveCondition(status, "", "", NOW - age)


@pytest.mark.parametrize(
    ("target", "decider", "plan"),
    [
        (ScaleTargetSpec(), DeciderSpec(), "60 s after the last request"),
        (ScaleTargetSpec(), OUT_OF_PATH, "60 s after the last request, then 30 s grace"),
        (
            ScaleTargetSpec(pod_retention=90.0),
            OUT_OF_PATH,
            "60 s after the last request, then 90 s of pod retention",
        ),
        (
            ScaleTargetSpec(stable_window=6.0),
            DeciderSpec(stable_window=6.0, scale_down_delay=20.0),
            "26 s after the last request, of which 20 s are scale-down-delay",
        ),
        (ScaleTargetSpec(min_scale=2), DeciderSpec(), "never: minReplicas 2"),
        (
            ScaleTargetSpec(enable_scale_to_zero=False),
            DeciderSpec(),
            "never: enable-scale-to-zero is false in ConfigMap config-autoscaler",
        ),
    ],
    ids=["default", "grace", "retention", "delay", "min-scale", "disabled"],
)
def test_the_plan(target: ScaleTargetSpec, decider: DeciderSpec, plan: str) -> None:
    seen = foresee_zero(target, decider, active(Activity.ACTIVATING, 1.0), load_left=None, wall=NOW)
    assert seen == Outlook(plan)


@pytest.mark.parametrize(
    ("decider", "status", "age", "load_left", "seconds"),
    [
        (DeciderSpec(), Activity.ACTIVE, 500.0, 42.0, 42.0),
        (DeciderSpec(), Activity.ACTIVE, 10.0, 42.0, 50.0),
        (DeciderSpec(), Activity.ACTIVE, 500.0, -3.0, 0.0),
        (OUT_OF_PATH, Activity.ACTIVE, 500.0, 42.0, 72.0),
        (OUT_OF_PATH, Activity.INACTIVE, 10.0, -10.0, 20.0),
        (OUT_OF_PATH, Activity.INACTIVE, 31.0, -31.0, None),
        (DeciderSpec(), Activity.ACTIVATING, 5.0, 60.0, None),
    ],
    ids=["load", "young", "due", "with-grace", "in-grace", "at-zero", "starting"],
)
def test_the_countdown(
    decider: DeciderSpec, status: Activity, age: float, load_left: float, seconds: float | None
) -> None:
    seen = foresee_zero(
        ScaleTargetSpec(), decider, active(status, age), load_left=load_left, wall=NOW
    )
    assert seen.seconds == seconds
    assert seen.idle == 60.0 - load_left


def test_what_gets_no_traffic_any_more_has_no_minimum() -> None:
    seen = foresee_zero(
        ScaleTargetSpec(min_scale=2, reachable=False),
        DeciderSpec(reachable=False),
        active(Activity.ACTIVE, 100.0),
        load_left=5.0,
        wall=NOW,
    )
    assert seen == Outlook("60 s after the last request", 5.0, idle=55.0)
