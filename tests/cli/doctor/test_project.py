"""What a project's facts mean."""

from collections.abc import Callable

import pytest

from kfsim.cli.doctor import Finding, Level
from kfsim.cli.doctor.project import (
    DaemonFacts,
    StateFacts,
    check_daemons,
    check_journal,
    check_manifests,
    check_state_dir,
    check_variables,
)

GB = 10**9


def state(mode: int | None = 0o700, free: int = 50 * GB, blocked: str = "") -> list[Finding]:
    return check_state_dir(StateFacts("/state", mode, free, blocked))


def daemon(*, running: bool = True, answers: bool = True, version: str = "1") -> Finding:
    facts = DaemonFacts("iris", 7, version, running, answers)
    return check_daemons([facts], version="1")[0]


@pytest.mark.parametrize(
    ("check", "level", "words"),
    [
        (lambda: state()[0], Level.OK, "/state"),
        (lambda: state(mode=None)[0], Level.OK, "will be made"),
        (lambda: state(mode=0o755)[0], Level.NOTE, "mode 755: others"),
        (lambda: state(blocked="permission denied")[0], Level.PROBLEM, "make it writable"),
        (lambda: state()[1], Level.OK, "50 GB free"),
        (lambda: state(free=GB)[1], Level.NOTE, "little for models"),
        (lambda: state(free=10**6)[1], Level.PROBLEM, "make room"),
        (lambda: check_journal(None), Level.OK, "none yet"),
        (lambda: check_journal("in use"), Level.OK, "in use by the daemon"),
        (lambda: check_journal("ok"), Level.OK, "whole"),
        (lambda: check_journal("malformed"), Level.PROBLEM, "damaged: malformed; begin anew"),
        (daemon, Level.OK, "runs (pid 7)"),
        (lambda: daemon(running=False), Level.NOTE, "gone without a farewell"),
        (lambda: daemon(answers=False), Level.PROBLEM, "does not answer"),
        (lambda: daemon(version="0"), Level.NOTE, "kfsim 0, this command 1"),
        (lambda: check_manifests([], valid=0, paths=[])[0], Level.NOTE, "kfsim doctor PATH"),
        (lambda: check_manifests([], valid=2, paths=["m"])[0], Level.OK, "2 valid in m"),
        (lambda: check_manifests(["a.yaml:1: no"], valid=2, paths=["m"])[0], Level.PROBLEM, "no"),
    ],
)
def test_what_it_means(check: Callable[[], Finding], level: Level, words: str) -> None:
    finding = check()
    assert finding.level is level
    assert words in finding.line


def test_variables_that_only_look_like_ours_are_named() -> None:
    found = check_variables({"KFSIM_STATEDIR": "x", "KFSIM_API": "127.0.0.1:1", "PATH": "/bin"})
    assert [each.line for each in found] == [
        "note     KFSIM_API: 127.0.0.1:1",
        "note     KFSIM_STATEDIR: is not read by kfsim; did you mean KFSIM_STATE_DIR?",
    ]
