"""Many deciders: who is evaluated when, what is reported, what is remembered."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from kfsim.autoscaler.decider import Decider
from kfsim.autoscaler.multiscaler import MultiScaler
from kfsim.autoscaler.spec import DeciderSpec
from kfsim.base.types import RevisionKey, Stat

IRIS = RevisionKey("default", "iris")
WINE = RevisionKey("default", "wine")
SPEC = DeciderSpec(target_value=7.0, total_value=10.0, stable_window=6.0, panic_window=2.0)


def make_stat(concurrency: float, revision: RevisionKey = IRIS) -> Stat:
    return Stat(revision, "activator", concurrency)


def make_idle(*, ready_pods: int = 0) -> MultiScaler:
    """One revision with a valid decision of zero, asleep at t=2."""
    scaler = MultiScaler()
    scaler.ensure(IRIS, SPEC, ready_pods=ready_pods, now=0.0)
    scaler.record([make_stat(0.0)], 1.0)
    scaler.tick(2.0)
    assert scaler.awake == 0
    return scaler


def test_before_the_first_decision() -> None:
    status = MultiScaler().ensure(IRIS, SPEC, ready_pods=0, now=0.0)
    assert (status.desired_scale, status.excess_burst_capacity) == (-1, -201)


def test_changed_decision_is_reported_once() -> None:
    scaler = MultiScaler()
    scaler.ensure(IRIS, SPEC, ready_pods=2, now=0.0)
    scaler.record([make_stat(14.0)], 1.0)
    assert [status.desired_scale for status in scaler.tick(2.0)] == [2]
    scaler.record([make_stat(14.0)], 3.0)
    assert scaler.tick(4.0) == ()


def test_excess_capacity_that_changes_sign_is_reported() -> None:
    scaler = MultiScaler()
    spec = replace(SPEC, target_burst_capacity=10.0, initial_scale=2)
    scaler.ensure(IRIS, spec, ready_pods=1, now=0.0)
    scaler.record([make_stat(0.0)], 1.0)
    scaler.tick(2.0)
    scaler.set_ready_pods(IRIS, 0)
    (status,) = scaler.tick(4.0)
    assert (status.desired_scale, status.excess_burst_capacity) == (0, -10)


def test_idle_revision_sleeps_and_zero_reports_do_not_wake_it() -> None:
    scaler = make_idle()
    scaler.record([make_stat(0.0)], 3.0)
    assert scaler.awake == 0


def test_traffic_new_spec_and_ready_pods_wake() -> None:
    scaler = make_idle()
    scaler.record([make_stat(1.0)], 3.0)
    assert scaler.awake == 1
    scaler = make_idle()
    scaler.ensure(IRIS, replace(SPEC, target_value=1.0), ready_pods=0, now=3.0)
    assert scaler.awake == 1
    scaler = make_idle()
    scaler.ensure(IRIS, SPEC, ready_pods=0, now=3.0)
    assert scaler.awake == 0
    scaler.ensure(IRIS, SPEC, ready_pods=1, now=3.0)
    assert scaler.awake == 1


def test_revision_without_data_sleeps_until_any_report() -> None:
    scaler = MultiScaler()
    scaler.ensure(IRIS, SPEC, ready_pods=0, now=0.0)
    assert scaler.tick(2.0) == ()
    assert scaler.awake == 0
    scaler.record([make_stat(0.0)], 3.0)
    assert [status.desired_scale for status in scaler.tick(4.0)] == [0]


def test_poke_decides_at_once_only_from_zero() -> None:
    scaler = make_idle()
    status = scaler.poke(IRIS, make_stat(1.0), 2.1)
    assert status is not None
    assert status.desired_scale == 1
    assert scaler.poke(IRIS, make_stat(50.0), 2.2) is None
    assert scaler.status(IRIS) == status


def test_poke_decides_where_nothing_was_decided_yet() -> None:
    scaler = MultiScaler()
    scaler.ensure(IRIS, SPEC, ready_pods=0, now=0.0)
    status = scaler.poke(IRIS, make_stat(1.0), 0.5)
    assert status is not None
    assert status.desired_scale == 1


def test_poke_without_load_or_revision_decides_nothing() -> None:
    idle = make_idle()
    assert idle.poke(IRIS, make_stat(0.0), 2.1) is None
    assert idle.history(IRIS)[-1].decided_at == 2.0
    assert idle.poke(WINE, make_stat(1.0, WINE), 2.1) is None


def test_tick_in_parts_lets_others_in_between() -> None:
    scaler = MultiScaler()
    revisions = [RevisionKey("default", f"iris-{number}") for number in range(5)]
    for revision in revisions:
        scaler.ensure(revision, SPEC, ready_pods=1, now=0.0)
    scaler.record([make_stat(14.0, revision) for revision in revisions], 1.0)
    parts = scaler.tick_in_parts(2.0, size=2)
    assert [status.revision for status in next(parts)] == revisions[:2]
    scaler.remove(revisions[2])
    scaler.ensure(WINE, SPEC, ready_pods=1, now=2.0)
    assert [status.revision for part in parts for status in part] == revisions[3:]


def test_removed_and_unknown_revisions_are_ignored() -> None:
    scaler = make_idle()
    scaler.remove(IRIS)
    scaler.remove(IRIS)
    scaler.record([make_stat(5.0)], 3.0)
    scaler.set_ready_pods(IRIS, 3)
    assert scaler.tick(4.0) == ()
    assert scaler.status(IRIS) is None
    assert scaler.history(IRIS) == ()
    assert len(scaler) == 0


def test_history_keeps_changes_and_the_latest() -> None:
    scaler = MultiScaler(history=4)
    scaler.ensure(IRIS, SPEC, ready_pods=2, now=0.0)
    for second in range(40):
        scaler.record([make_stat(14.0 if second < 20 else 28.0)], second)
        if second % 2 == 0:
            scaler.tick(float(second))
    decided = [(result.decided_at, result.desired_pod_count) for result in scaler.history(IRIS)]
    assert len(decided) == 4
    assert decided[-1] == (38.0, 4)
    assert decided[-1][0] > decided[-2][0] + 2


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 0.0, 0.0, 9.0, 60.0, None]),
            st.sampled_from([None, None, None, 0, 1, 3]),
        ),
        max_size=60,
    ),
    st.sampled_from([0.0, 20.0]),
)
def test_sleeping_never_changes_a_status(
    script: list[tuple[float | None, int | None]], delay: float
) -> None:
    """A decider that is evaluated at every tick gives the same statuses."""
    spec = replace(SPEC, scale_down_delay=delay)
    scaler, reference = MultiScaler(), Decider(spec, initial_ready_pods=0, now=0.0)
    scaler.ensure(IRIS, spec, ready_pods=0, now=0.0)
    ready_pods, expected = 0, (-1, -201)
    for second, (load, ready) in enumerate(script, 1):
        if load is not None:
            scaler.record([make_stat(load)], second)
            reference.record(make_stat(load), second)
        if ready is not None:
            scaler.set_ready_pods(IRIS, ready)
            ready_pods = ready
        if second % 2 == 0:
            scaler.tick(float(second))
            result = reference.scale(ready_pods, float(second))
            if result.scale_valid:
                expected = (result.desired_pod_count, result.excess_burst_capacity)
            status = scaler.status(IRIS)
            assert status is not None
            assert (status.desired_scale, status.excess_burst_capacity) == expected


def test_the_last_load_leaves_after_a_stable_window() -> None:
    scaler = MultiScaler()
    assert scaler.zero_at(IRIS) is None
    scaler.ensure(IRIS, SPEC, ready_pods=1, now=0.0)
    scaler.record([make_stat(0.0)], 1.0)
    assert scaler.zero_at(IRIS) is None
    scaler.record([make_stat(3.0)], 2.5)
    scaler.record([make_stat(0.0)], 4.0)
    assert scaler.zero_at(IRIS) == 2.0 + SPEC.stable_window
