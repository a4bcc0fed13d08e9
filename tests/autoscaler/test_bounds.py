"""Scale bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfsim.autoscaler.bounds import ScaleBounds, raise_to_initial_scale, resolve_bounds


@pytest.mark.parametrize(
    ("bounds", "pods", "expected"),
    [
        (ScaleBounds(), 7, 7),
        (ScaleBounds(2, 0), 0, 2),
        (ScaleBounds(0, 3), 9, 3),
        (ScaleBounds(5, 4), 4, 5),
        (ScaleBounds(5, 4), 6, 4),
        (ScaleBounds(1, 0), -1, 1),
    ],
)
def test_clamp(bounds: ScaleBounds, pods: int, expected: int) -> None:
    assert bounds.clamp(pods) == expected


@given(st.integers(0, 20), st.integers(0, 20), st.integers(-1, 50))
def test_clamped_twice_is_clamped_once(minimum: int, maximum: int, pods: int) -> None:
    bounds = ScaleBounds(min(minimum, maximum), max(minimum, maximum))
    assert bounds.clamp(bounds.clamp(pods)) == bounds.clamp(pods)


def test_minimum_does_not_hold_for_an_unreachable_revision() -> None:
    assert resolve_bounds(min_scale=3, max_scale=5, reachable=True) == ScaleBounds(3, 5)
    assert resolve_bounds(min_scale=3, max_scale=5, reachable=False) == ScaleBounds(0, 5)


@pytest.mark.parametrize(
    ("initial_scale", "initialized", "reachable", "minimum"),
    [
        pytest.param(5, False, True, 5, id="raised"),
        pytest.param(1, False, True, 2, id="initial scale of one changes nothing"),
        pytest.param(5, True, True, 2, id="initialized"),
        pytest.param(5, False, False, 2, id="unreachable"),
    ],
)
def test_initial_scale_is_a_minimum_until_reached(
    initial_scale: int, initialized: bool, reachable: bool, minimum: int
) -> None:
    bounds = raise_to_initial_scale(
        ScaleBounds(2, 9), initial_scale=initial_scale, initialized=initialized, reachable=reachable
    )
    assert bounds == ScaleBounds(minimum, 9)
