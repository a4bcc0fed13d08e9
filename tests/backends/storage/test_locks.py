"""Locks between processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kfsim.backends.storage.locks import Locks

HOLDER = """
import sys
from pathlib import Path
from kfsim.backends.storage.locks import Locks
with Locks(Path(sys.argv[1])).hold("a"):
    print("held", flush=True)
    sys.stdin.read()
"""
ROOT = Path(__file__).resolve().parents[3]


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    locks = Locks(tmp_path)
    with locks.hold("a"):
        with locks.attempt("a") as held:
            assert not held
        with locks.attempt("b") as held:
            assert held
    with locks.attempt("a") as held:
        assert held


def test_sharing_keeps_others_from_holding(tmp_path: Path) -> None:
    locks = Locks(tmp_path)
    one, other = locks.share("a"), locks.share("a")
    os.close(one)
    with locks.attempt("a") as held:
        assert not held
    os.close(other)
    with locks.attempt("a") as held:
        assert held


@pytest.mark.live
def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    locks = Locks(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with locks.attempt("a") as held:
            assert not held
        holder.kill()
        holder.wait()
        with locks.attempt("a") as held:
            assert held
