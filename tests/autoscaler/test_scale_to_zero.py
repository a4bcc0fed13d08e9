"""The way to zero and back, one step at a time."""

from dataclasses import replace

import pytest

from kfsim.autoscaler.scale_to_zero import (
    ActiveCondition,
    Activity,
    Observation,
    ScaleStep,
    ScaleTargetSpec,
    ScaleTargetState,
    step,
)
from kfsim.base.types import ServiceMode

SPEC = ScaleTargetSpec()
SEEN = Observation(
    desired=0,
    excess_burst_capacity=-1,
    ready_pods=1,
    replicas=1,
    mode=ServiceMode.PROXY,
    proxy_for=0.0,
    activator_answers=True,
)
ACTIVE = ScaleTargetState(ActiveCondition(Activity.ACTIVE, "", "", 0.0), initialized=True)
INACTIVE = ScaleTargetState(
    ActiveCondition(Activity.INACTIVE, "NoTraffic", "The target is not receiving traffic.", 0.0),
    initialized=True,
)
STARTING = ScaleTargetState.fresh(0.0)


def outline(outcome: ScaleStep) -> tuple[int, int | None, float | None]:
    return outcome.want, outcome.apply_replicas, outcome.requeue_after


@pytest.mark.parametrize(
    ("spec", "state", "seen", "now", "expected"),
    [
        pytest.param(SPEC, ACTIVE, replace(SEEN, desired=3), 9, (3, 3, None), id="more pods"),
        pytest.param(SPEC, ACTIVE, replace(SEEN, desired=1), 9, (1, None, None), id="as many"),
        pytest.param(SPEC, ACTIVE, replace(SEEN, desired=-1), 9, (-1, None, None), id="unknown"),
        pytest.param(
            replace(SPEC, enable_scale_to_zero=False),
            ACTIVE,
            replace(SEEN, replicas=4),
            9,
            (1, 1, None),
            id="disabled",
        ),
        pytest.param(SPEC, STARTING, SEEN, 630, (-1, None, 630), id="starting, in time"),
        pytest.param(SPEC, STARTING, SEEN, 631, (0, 0, None), id="starting, too late"),
        pytest.param(SPEC, ACTIVE, replace(SEEN, replicas=5), 59, (1, 1, 1), id="active briefly"),
        pytest.param(SPEC, ACTIVE, SEEN, 60, (0, None, 3), id="active long, proxied"),
        pytest.param(
            SPEC,
            ACTIVE,
            replace(SEEN, mode=ServiceMode.SERVE),
            60,
            (0, None, None),
            id="active long, served",
        ),
        pytest.param(SPEC, INACTIVE, SEEN, 29, (0, None, 30), id="grace period, just in path"),
        pytest.param(
            SPEC, INACTIVE, replace(SEEN, proxy_for=12), 5, (0, None, 18), id="grace period"
        ),
        pytest.param(
            SPEC, INACTIVE, replace(SEEN, proxy_for=30), 5, (0, 0, None), id="long in path"
        ),
        pytest.param(SPEC, INACTIVE, SEEN, 30, (0, 0, None), id="inactive for the grace period"),
        pytest.param(
            replace(SPEC, pod_retention=50),
            INACTIVE,
            replace(SEEN, proxy_for=45),
            45,
            (0, None, 5),
            id="retention beats the path",
        ),
        pytest.param(
            replace(SPEC, pod_retention=50), INACTIVE, SEEN, 50, (0, 0, None), id="retention over"
        ),
        pytest.param(
            replace(SPEC, pod_retention=50, reachable=False),
            INACTIVE,
            SEEN,
            30,
            (0, 0, None),
            id="no retention for an unreachable revision",
        ),
        pytest.param(
            SPEC,
            INACTIVE,
            replace(SEEN, activator_answers=False),
            300,
            (0, None, None),
            id="activator does not answer",
        ),
        pytest.param(
            replace(SPEC, target_burst_capacity=-1),
            INACTIVE,
            replace(SEEN, activator_answers=False),
            300,
            (0, 0, None),
            id="activator always in the path",
        ),
        pytest.param(
            replace(SPEC, min_scale=2), ACTIVE, SEEN, 300, (2, 2, None), id="minimum holds"
        ),
        pytest.param(
            replace(SPEC, initial_scale=5, max_scale=4),
            STARTING,
            replace(SEEN, desired=-1, replicas=5),
            0,
            (5, None, None),
            id="initial scale wins over the maximum",
        ),
        pytest.param(
            replace(SPEC, max_scale=4), ACTIVE, replace(SEEN, desired=9), 0, (4, 4, None), id="max"
        ),
    ],
)
def test_what_is_wanted_applied_and_awaited(
    spec: ScaleTargetSpec,
    state: ScaleTargetState,
    seen: Observation,
    now: float,
    expected: tuple[int, int | None, float | None],
) -> None:
    assert outline(step(spec, state, seen, now)) == expected


def test_probe_and_background_probe() -> None:
    fails = step(SPEC, INACTIVE, replace(SEEN, activator_answers=False), 10.0)
    assert (fails.probed, fails.start_probe) == (True, True)
    answers = step(SPEC, INACTIVE, SEEN, 10.0)
    assert (answers.probed, answers.start_probe) == (True, False)
    unlimited = step(replace(SPEC, target_burst_capacity=-1), INACTIVE, SEEN, 10.0)
    assert (unlimited.probed, unlimited.start_probe) == (False, False)


@pytest.mark.parametrize(
    ("desired", "excess", "mode"),
    [(1, 0, ServiceMode.SERVE), (1, -1, ServiceMode.PROXY), (0, 5, ServiceMode.PROXY)],
)
def test_mode(desired: int, excess: int, mode: ServiceMode) -> None:
    seen = replace(SEEN, desired=desired, excess_burst_capacity=excess)
    assert step(SPEC, INACTIVE, seen, 9.0).mode is mode


@pytest.mark.parametrize(
    ("spec", "state", "seen", "now", "expected"),
    [
        pytest.param(
            SPEC,
            STARTING,
            replace(SEEN, ready_pods=0),
            7.0,
            ("Unknown", "Queued", 7.0),
            id="starts",
        ),
        pytest.param(SPEC, STARTING, SEEN, 7.0, ("True", "", 7.0), id="ready while unknown"),
        pytest.param(
            SPEC,
            STARTING,
            replace(SEEN, ready_pods=0),
            700.0,
            ("False", "TimedOut", 700.0),
            id="never ready",
        ),
        pytest.param(SPEC, ACTIVE, SEEN, 60.0, ("False", "NoTraffic", 60.0), id="idle"),
        pytest.param(SPEC, ACTIVE, replace(SEEN, desired=2), 9.0, ("True", "", 0.0), id="busy"),
        pytest.param(
            SPEC,
            INACTIVE,
            replace(SEEN, desired=1, ready_pods=0),
            9.0,
            ("Unknown", "Queued", 9.0),
            id="wakes up",
        ),
        pytest.param(
            SPEC, INACTIVE, replace(SEEN, desired=1), 9.0, ("True", "", 9.0), id="wakes, pod left"
        ),
        pytest.param(
            SPEC,
            INACTIVE,
            replace(SEEN, desired=-1),
            9.0,
            ("False", "NoTraffic", 0.0),
            id="unknown leaves inactive alone",
        ),
        pytest.param(
            replace(SPEC, initial_scale=0),
            STARTING,
            replace(SEEN, desired=-1, ready_pods=0, replicas=0),
            9.0,
            ("False", "NoTraffic", 9.0),
            id="initial scale of zero",
        ),
        pytest.param(
            replace(SPEC, initial_scale=3),
            ACTIVE,
            replace(SEEN, desired=1),
            9.0,
            ("True", "", 0.0),
            id="initial scale is over once initialized",
        ),
    ],
)
def test_active_condition(
    spec: ScaleTargetSpec,
    state: ScaleTargetState,
    seen: Observation,
    now: float,
    expected: tuple[str, str, float],
) -> None:
    active = step(spec, state, seen, now).state.active
    assert (active.status, active.reason, active.since) == expected


def test_initialized_needs_enough_ready_pods_and_a_service_and_lasts() -> None:
    spec = replace(SPEC, initial_scale=3)
    seen = replace(SEEN, desired=3, ready_pods=2)
    assert not step(spec, STARTING, seen, 1.0).state.initialized
    enough = replace(seen, ready_pods=3)
    assert not step(spec, STARTING, replace(enough, has_service=False), 1.0).state.initialized
    state = step(spec, STARTING, enough, 1.0).state
    assert state.initialized
    assert step(spec, state, replace(seen, desired=1, ready_pods=0), 2.0).state.initialized


def test_from_idle_to_zero_in_ninety_seconds() -> None:
    """Traffic stopped at 0; a decision of zero comes from 60 on; the activator was not in the path
    until the revision became inactive."""
    state, applied_at = ACTIVE, None
    seen = replace(SEEN, mode=ServiceMode.SERVE, excess_burst_capacity=50)
    proxy_since: float | None = None
    for second in range(60, 200):
        proxy_for = 0.0 if proxy_since is None else second - proxy_since
        outcome = step(SPEC, state, replace(seen, proxy_for=proxy_for), second)
        if outcome.apply_replicas == 0:
            applied_at = second
            break
        if proxy_since is None and outcome.mode is ServiceMode.PROXY:
            proxy_since = second
        state, seen = outcome.state, replace(seen, mode=outcome.mode)
    assert applied_at == 90


def test_reasons_tell_why() -> None:
    outcome = step(SPEC, INACTIVE, replace(SEEN, proxy_for=12), 5.0)
    assert outcome.reasons == ("grace period: pods stay for another 18s",)
    bounded = step(replace(SPEC, min_scale=2), ACTIVE, SEEN, 5.0)
    assert "bounds 2..unbounded turn 0 into 2" in bounded.reasons
