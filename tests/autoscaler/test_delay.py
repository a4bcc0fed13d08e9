"""The scale-down-delay window against a model that keeps every decision."""

from hypothesis import given
from hypothesis import strategies as st

from kfsim.autoscaler.delay import DelayWindow


@given(
    st.floats(1, 40),
    st.lists(st.tuples(st.floats(0, 9), st.integers(0, 20)), min_size=1, max_size=40),
)
def test_largest_decision_of_the_last_slots(
    delay: float, decisions: list[tuple[float, int]]
) -> None:
    window, slots = DelayWindow(delay), -(-delay // 2)
    now, seen = 0.0, []
    for passed, value in decisions:
        now += passed
        seen.append((now // 2, value))
        expected = max(kept for slot, kept in seen if now // 2 - slot < slots)
        assert window.record(now, value) == expected


def test_of_two_in_one_slot_the_larger_counts() -> None:
    window = DelayWindow(2.0)
    assert window.record(2.0, 5) == 5
    assert window.record(3.9, 1) == 5
    assert window.record(4.0, 1) == 1
