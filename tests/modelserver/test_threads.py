"""Numeric threads follow the container's CPU limit."""

from pathlib import Path

import pytest

from kfsim.modelserver.threads import limit_threads, read_cpu_limit


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        pytest.param({"cpu.max": "150000 100000\n"}, 1.5, id="v2"),
        pytest.param({"cpu.max": "max 100000\n"}, None, id="v2 without a limit"),
        pytest.param(
            {"cpu/cpu.cfs_quota_us": "50000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 0.5, id="v1"
        ),
        pytest.param(
            {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"},
            None,
            id="v1 without a limit",
        ),
        pytest.param({"cpu.max": "nonsense"}, None, id="garbage"),
        pytest.param({"cpu.max": "1 0"}, None, id="no period"),
        pytest.param({}, None, id="no control groups"),
    ],
)
def test_the_limit_is_read(tmp_path: Path, files: dict[str, str], limit: float | None) -> None:
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert read_cpu_limit(tmp_path) == limit


@pytest.mark.parametrize(
    ("limit", "given", "threads"),
    [
        (0.5, {}, "1"),
        (1.0, {}, "1"),
        (2.9, {}, "2"),
        (1.0, {"OMP_NUM_THREADS": "4"}, "4"),
        (None, {}, None),
    ],
)
def test_threads_follow_it_unless_the_user_says_otherwise(
    limit: float | None, given: dict[str, str], threads: str | None
) -> None:
    environment = dict(given)
    limit_threads(environment, limit)
    assert environment.get("OMP_NUM_THREADS") == threads
