"""Condition sets follow knative.dev/pkg's rules."""

from kfsim.api.conditions import (
    ConditionManager,
    ConditionSet,
    find_condition,
    is_false,
    is_true,
)
from kfsim.api.meta import Condition

_SET = ConditionSet("Ready", ("First", "Second"))
_EARLY, _LATE = "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"


def _manager(*conditions: Condition, wall: str = _LATE) -> ConditionManager:
    return _SET.manager(conditions, wall=wall)


def _summary(manager: ConditionManager) -> dict[str, tuple[str, str | None]]:
    return {each.type: (each.status, each.reason) for each in manager.result()}


def test_initialize_gives_unknown_to_all() -> None:
    manager = _manager()
    manager.initialize()
    assert _summary(manager) == {
        "First": ("Unknown", None),
        "Ready": ("Unknown", None),
        "Second": ("Unknown", None),
    }


def test_happy_is_true_when_all_dependents_are() -> None:
    manager = _manager()
    manager.mark_true("First")
    assert _summary(manager)["Ready"] == ("Unknown", None)
    manager.mark_true("Second")
    assert _summary(manager)["Ready"] == ("True", None)


def test_false_trumps_unknown() -> None:
    manager = _manager()
    manager.mark_false("First", "Broken", "it broke")
    manager.mark_unknown("Second", "Waiting", "not yet")
    assert _summary(manager)["Ready"] == ("False", "Broken")


def test_the_dependent_marked_last_gives_the_reason() -> None:
    manager = _manager()
    manager.mark_unknown("First", "One", "")
    manager.mark_unknown("Second", "Two", "")
    assert _summary(manager)["Ready"] == ("Unknown", "Two")


def test_recovery_falls_back_to_the_other_unhappy_dependent() -> None:
    manager = _manager()
    manager.mark_unknown("First", "One", "")
    manager.mark_false("Second", "Two", "")
    manager.mark_true("Second")
    assert _summary(manager)["Ready"] == ("Unknown", "One")


def test_a_condition_outside_the_set_leaves_happy_alone() -> None:
    manager = _manager()
    manager.mark_true("First")
    manager.mark_true("Second")
    manager.mark_false("Active", "NoTraffic", "asleep", severity="Info")
    assert _summary(manager)["Ready"] == ("True", None)


def test_a_set_without_dependents_is_marked_directly() -> None:
    manager = ConditionSet("Ready", ()).manager((), wall=_LATE)
    manager.mark_unknown("Ready", None, None)
    assert _summary(manager) == {"Ready": ("Unknown", None)}
    manager.mark_true("Ready")
    assert _summary(manager) == {"Ready": ("True", None)}


def test_a_flip_within_one_reconcile_keeps_the_transition_time() -> None:
    stored = tuple(
        Condition(type=type_, status="True", last_transition_time=_EARLY)
        for type_ in ("First", "Ready", "Second")
    )
    manager = _manager(*stored)
    manager.observe_generation(generation=2, observed=1)
    assert _summary(manager)["Ready"] == ("Unknown", "NewObservedGenFailure")
    manager.mark_unknown("First", "Flip", "")
    manager.mark_true("First")
    assert manager.result() == stored


def test_a_changed_reason_is_a_transition() -> None:
    stored = Condition(type="First", status="False", reason="A", last_transition_time=_EARLY)
    manager = _manager(stored)
    manager.mark_false("First", "B", "")
    first = find_condition(manager.result(), "First")
    assert first is not None
    assert first.last_transition_time == _LATE


def test_conditions_are_sorted_and_a_missing_source_is_unknown() -> None:
    manager = _manager()
    manager.propagate("Second", None)
    manager.propagate("First", Condition(type="Ready", status="True"))
    assert [condition.type for condition in manager.result()] == ["First", "Ready", "Second"]
    assert not is_true(manager.result())
    manager.remove("Second")
    assert find_condition(manager.result(), "Second") is None


def test_false_is_told_by_its_reader() -> None:
    manager = _manager()
    manager.mark_unknown("First", "Waiting", "for it")
    manager.mark_false("Second", "Broken", "because")
    ready = find_condition(manager.result(), "Ready")
    assert ready is not None
    assert (ready.status, ready.reason, ready.message) == ("False", "Broken", "because")
    assert is_false(manager.result())


def test_a_transition_that_is_yet_to_come_counts_from_now() -> None:
    """The wall clock was set back after it was written."""
    stored = Condition(type="First", status="True", last_transition_time="2999-01-01T00:00:00Z")
    manager = _manager(stored)
    manager.mark_true("First")
    assert find_condition(manager.result(), "First") == stored.replaced(last_transition_time=_LATE)
