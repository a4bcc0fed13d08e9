"""What /proc tells of other processes."""

import io
import subprocess
import sys

import pytest

from kfsim.backends.process.linux import IS_LINUX, has_environment

pytestmark = pytest.mark.skipif(not IS_LINUX, reason="/proc is Linux's")


def test_a_process_is_known_by_what_it_was_started_with() -> None:
    code = "input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], env={"MARK": "here"}, stdin=subprocess.PIPE
    ) as process:
        try:
            assert has_environment(process.pid, b"MARK=here")
            assert not has_environment(process.pid, b"MARK=her")
        finally:
            process.kill()
    assert not has_environment(process.pid, b"MARK=here")


def test_an_environment_that_is_not_there_yet_is_looked_at_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = [b"", b"", b"A=b\0MARK=here\0"]
    monkeypatch.setattr("builtins.open", lambda path, mode: io.BytesIO(seen.pop(0)))
    found = has_environment(7, b"MARK=here")
    monkeypatch.undo()
    assert (found, seen) == (True, [])


def test_a_process_without_any_environment_is_nobodys() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], env={}, stdin=subprocess.PIPE) as it:
        try:
            assert not has_environment(it.pid, b"MARK=here")
        finally:
            it.kill()
