"""kfsim against the recorded traces, one test per trace."""

from pathlib import Path

import pytest
from replay_vectors import replay_file

TRACES = sorted((Path(__file__).parent / "kpa").glob("*.json"))


def test_traces_are_there() -> None:
    assert len(TRACES) == 98


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_replays_without_divergence(path: Path) -> None:
    assert [str(divergence) for divergence in replay_file(path)] == []
