"""Condition sets: the happy condition follows its dependents."""

from kfsim.api.conditions import ConditionSet, find_condition, is_false, is_true
from kfsim.api.meta import Condition

SET = ConditionSet("Ready", ("A", "B"))


def test_ready_is_true_only_when_all_dependents_are() -> None:
    manager = SET.manager((), wall="t1")
    manager.initialize()
    assert find_condition(manager.result(), "Ready") == Condition(
        type="Ready", status="Unknown", last_transition_time="t1"
    )
    manager.mark_true("A")
    assert not is_true(manager.result())
    manager.mark_true("B")
    assert is_true(manager.result())


def test_false_wins_over_unknown_and_carries_its_reason() -> None:
    manager = SET.manager((), wall="t1")
    manager.mark_unknown("A", "Waiting", "for it")
    manager.mark_false("B", "Broken", "because")
    ready = find_condition(manager.result(), "Ready")
    assert ready is not None
    assert (ready.status, ready.reason, ready.message) == ("False", "Broken", "because")
    assert is_false(manager.result())


def test_the_transition_time_moves_only_with_a_change() -> None:
    first = SET.manager((), wall="t1")
    first.mark_false("A", "R", "m")
    second = SET.manager(first.result(), wall="t2")
    second.mark_false("A", "R", "m")
    assert second.result() == first.result()
    second.mark_false("A", "R", "other")
    changed = find_condition(second.result(), "A")
    assert changed is not None
    assert changed.last_transition_time == "t2"


def test_conditions_are_sorted_and_a_missing_source_is_unknown() -> None:
    manager = SET.manager((), wall="t1")
    manager.propagate("B", None)
    manager.propagate("A", Condition(type="Ready", status="True"))
    assert [condition.type for condition in manager.result()] == ["A", "B", "Ready"]
    assert not is_true(manager.result())
    manager.remove("B")
    assert find_condition(manager.result(), "B") is None
