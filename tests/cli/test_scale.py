"""Scale to zero in words."""

from typing import Any

import pytest

from kfsim.cli.scale import ColdReports, describe_cold_start, describe_countdown, describe_plan

COLD = {
    "answeredAt": 5.0,
    "seconds": 0.0681,
    "phases": {"queue": 0.0002, "start": 0.04, "load": 0.0201, "answer": 0.0078},
}


def row(**changes: Any) -> dict[str, Any]:
    return {"zero": "60 s after the last request", "zeroInSeconds": None, "coldStart": None} | (
        changes
    )


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ("60 s after the last request", "scales to zero 60 s after the last request"),
        ("never: minReplicas 1", "never scales to zero: minReplicas 1"),
        ("", ""),
    ],
)
def test_the_plan(plan: str, words: str) -> None:
    assert describe_plan(plan) == words


@pytest.mark.parametrize(
    ("given", "cell"),
    [
        (row(zeroInSeconds=52.6), "53s"),
        (row(zero="never: minReplicas 1"), "never"),
        (row(), ""),
        (None, ""),
    ],
)
def test_the_countdown(given: dict[str, Any] | None, cell: str) -> None:
    assert describe_countdown(given) == cell


def test_a_cold_answer_with_its_phases() -> None:
    assert describe_cold_start(COLD) == "answered from zero in 68 ms (start 40, load 20, answer 8)"
    slow = {"answeredAt": 9.0, "seconds": 42.04, "phases": {"load": 41.0, "answer": 1.04}}
    assert describe_cold_start(slow) == "answered from zero in 42.0 s (load 41.0, answer 1.0)"
    assert describe_cold_start(COLD | {"phases": {}}) == "answered from zero in 68 ms"


def test_each_cold_answer_is_told_once_and_old_ones_never() -> None:
    reports = ColdReports()
    old, new = row(coldStart=COLD), row(coldStart=COLD | {"answeredAt": 9.0, "phases": {}})
    key, other = ("default", "iris"), ("team", "rose")
    assert reports.take({key: old}) == []
    assert reports.take({key: old, other: row()}) == []
    assert reports.take({key: new, other: old | {"name": "rose"}}) == [
        "iris: answered from zero in 68 ms",
        "team/rose: answered from zero in 68 ms (start 40, load 20, answer 8)",
    ]
    assert reports.take({key: new, other: old}) == []
