"""What the machine's facts mean."""

from collections.abc import Callable

import pytest

from kfsim.cli.doctor import Finding, Level
from kfsim.cli.doctor.machine import (
    check_clock,
    check_inotify,
    check_memory,
    check_open_files,
    check_python,
)

GB = 10**9


@pytest.mark.parametrize(
    ("check", "level", "words"),
    [
        (lambda: check_python((3, 10, 9)), Level.PROBLEM, "3.10.9; kfsim needs Python 3.11"),
        (lambda: check_python((3, 12, 1)), Level.OK, "3.12.1"),
        (lambda: check_open_files(128, 4096), Level.PROBLEM, "128 (at most 4096); raise it"),
        (lambda: check_open_files(128, -1), Level.PROBLEM, "ulimit -n 4096"),
        (lambda: check_open_files(1024, 1024), Level.NOTE, "ulimit -Hn 4096"),
        (lambda: check_open_files(1024, -1), Level.OK, "1024 (at most unlimited)"),
        (lambda: check_open_files(-1, -1), Level.OK, "unlimited"),
        (lambda: check_inotify(100, 128), Level.NOTE, "may miss edits"),
        (lambda: check_inotify(65536, 128), Level.OK, "65536 watches"),
        (lambda: check_clock(1e9, installed=1.7e9), Level.PROBLEM, "2001-09-09"),
        (lambda: check_clock(1.7e9, installed=1.6e9), Level.OK, "2023-11-14"),
        (lambda: check_memory(8 * GB, 9 * GB), Level.NOTE, "the manifests ask for 9.0 GB"),
        (lambda: check_memory(8 * GB, 1 * GB), Level.OK, "8.0 GB available"),
        (lambda: check_memory(8 * GB, 0), Level.OK, "8.0 GB available"),
    ],
)
def test_what_it_means(check: Callable[[], Finding], level: Level, words: str) -> None:
    finding = check()
    assert finding.level is level
    assert words in finding.line


def test_what_a_system_does_not_tell_is_left_out() -> None:
    assert check_inotify(None, None) is None
    assert check_memory(None, GB) is None
