import pytest

from kfsim.api.knative.internal import (
    PodAutoscaler,
    PodAutoscalerStatus,
    ServerlessService,
    ServerlessServiceStatus,
)
from kfsim.api.meta import Condition, ObjectMeta
from kfsim.autoscaler.scale_to_zero import ActiveCondition, Activity, ScaleTargetState
from kfsim.controllers.podautoscaler import status as statuses
from kfsim.testing.scaling import reason_of

WALL = 946_684_800.0
QUEUED = ("Queued", "Requests to the target are being buffered as resources are provisioned.")


def make_pa(**status):
    return PodAutoscaler(
        metadata=ObjectMeta(name="r", generation=2), status=PodAutoscalerStatus(**status)
    )


def write(pa, state, *, wall=WALL, want=1, ready=0, sks=None):
    conditions = statuses.begin_conditions(pa, wall=wall)
    statuses.mark_state(conditions, state)
    status = statuses.make_status(pa, conditions, sks=sks, want=want, ready_pods=ready)
    return pa.replaced(status=status)


@pytest.mark.parametrize(
    "active",
    [
        ActiveCondition(Activity.ACTIVE, "", "", WALL),
        ActiveCondition(Activity.INACTIVE, "NoTraffic", "The target is idle.", WALL),
        ActiveCondition(Activity.ACTIVATING, *QUEUED, WALL),
    ],
)
@pytest.mark.parametrize("initialized", [False, True])
def test_the_machines_state_survives_in_the_conditions(active, initialized):
    state = ScaleTargetState(active, initialized)
    assert statuses.read_state(write(make_pa(), state), wall=WALL + 99) == state


def test_a_new_autoscaler_is_activating():
    fresh = statuses.read_state(make_pa(), wall=WALL)
    assert fresh == ScaleTargetState.fresh(WALL)
    written = write(make_pa(), fresh)
    assert reason_of(written, "Active") == ("Unknown", None)
    assert reason_of(written, "Ready")[0] == "Unknown"


def test_an_unknown_scale_does_not_overwrite_a_known_one():
    state = ScaleTargetState.fresh(WALL)
    assert write(make_pa(), state, want=-1).status.desired_scale == -1
    assert write(make_pa(desired_scale=3), state, want=-1).status.desired_scale == 3
    assert write(make_pa(desired_scale=3), state, want=0).status.desired_scale == 0


def test_the_service_is_ready_when_its_present_spec_is():
    ready = (Condition(type="Ready", status="True"),)
    sks = ServerlessService(
        metadata=ObjectMeta(name="r", generation=2),
        status=ServerlessServiceStatus(observed_generation=2, conditions=ready),
    )
    conditions = statuses.begin_conditions(make_pa(), wall=WALL)
    statuses.mark_service(conditions, sks)
    assert conditions.get("SKSReady").status == "True"
    stale = sks.replaced(metadata=sks.metadata.replaced(generation=3))
    statuses.mark_service(conditions, stale)
    assert (conditions.get("SKSReady").status, conditions.get("SKSReady").reason) == (
        "Unknown",
        "NotReady",
    )


def test_proxy_seconds_count_only_while_the_activator_is_in_the_path():
    condition = Condition(
        type="ActivatorEndpointsPopulated",
        status="True",
        last_transition_time="2000-01-01T00:00:00Z",
    )
    assert statuses.proxy_seconds(condition, wall=WALL + 12) == 12
    assert statuses.proxy_seconds(condition.replaced(status="False"), wall=WALL + 12) == 0
    assert statuses.proxy_seconds(None, wall=WALL) == 0


def test_no_time_is_counted_from_what_is_yet_to_come():
    """The wall clock was set back: the wait begins anew instead of lasting until it caught up."""
    active = ActiveCondition(Activity.INACTIVE, "NoTraffic", "none", WALL)
    pa = write(make_pa(), ScaleTargetState(active))
    back = WALL - 7200
    assert statuses.read_state(pa, wall=back).active.since == back
    again = write(pa, statuses.read_state(pa, wall=back), wall=back)
    assert statuses.read_state(again, wall=back + 30).active.since == back
    assert statuses.proxy_seconds(pa.status.conditions[0].replaced(status="True"), wall=back) == 0
