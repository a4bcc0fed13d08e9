"""Events are printed in the order of time."""

from typing import Any

import pytest

from kfsim.cli.commands.events import last_seen


def row(version: int, **event: Any) -> dict[str, Any]:
    return {"object": {"metadata": {"resourceVersion": str(version)}, **event}}


EARLY, LATE = "2026-11-25T09:00:00Z", "2026-11-25T09:00:01Z"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (row(9, lastTimestamp=EARLY), row(1, lastTimestamp=LATE)),
        (row(9, lastTimestamp=EARLY), row(10, lastTimestamp=EARLY)),
        (row(9, eventTime="2026-11-25T09:00:00.500000Z"), row(1, lastTimestamp=LATE)),
        (
            row(9, lastTimestamp=EARLY, eventTime=LATE),
            row(1, eventTime=EARLY, series={"lastObservedTime": LATE}),
        ),
        (row(9), row(1, lastTimestamp=EARLY)),
    ],
    ids=["time", "written-within-one-second", "new-style", "a-series", "no-time-at-all"],
)
def test_older_events_come_first(first: dict[str, Any], second: dict[str, Any]) -> None:
    assert sorted([second, first], key=last_seen) == [first, second]
