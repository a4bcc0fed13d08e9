"""Annotations under their spellings."""

import pytest

from kfsim.autoscaler import annotations as keys


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        ({"autoscaling.knative.dev/min-scale": "2"}, 2),
        ({"autoscaling.knative.dev/minScale": "3"}, 3),
        ({"autoscaling.knative.dev/minScale": "3", "autoscaling.knative.dev/min-scale": "2"}, 2),
        ({"autoscaling.knative.dev/min-scale": "two"}, 7),
        ({}, 7),
    ],
    ids=["new", "old", "new wins", "unreadable counts as absent", "absent"],
)
def test_min_scale(annotations: dict[str, str], expected: int) -> None:
    assert keys.MIN_SCALE.integer(annotations, 7) == expected


def test_numbers_and_durations() -> None:
    annotations = {
        "autoscaling.knative.dev/targetBurstCapacity": "70.5",
        "autoscaling.knative.dev/window": "1m30s",
    }
    assert keys.TARGET_BURST_CAPACITY.number(annotations, 0) == 70.5
    assert keys.WINDOW.duration(annotations, 0) == 90
    assert keys.SCALE_DOWN_DELAY.duration(annotations, 4) == 4
    assert keys.TARGET.find_number(annotations) is None


def test_no_spelling_belongs_to_two() -> None:
    spellings = [key for annotation in keys.ALL for key in annotation.keys]
    assert len(spellings) == len(set(spellings))
