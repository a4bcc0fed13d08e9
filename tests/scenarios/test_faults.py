"""A cluster under random faults for 1,000 hours: nothing is lost, and all heals.

KFSIM_FAULT_HOURS and KFSIM_FAULT_SEED choose a shorter run, or another.
"""

import os
import subprocess
import sys

import pytest

from kfsim.simulation.faults import run_faults
from kfsim.simulation.faults.mishaps import MISHAPS

pytestmark = pytest.mark.scenario

HOURS = float(os.environ.get("KFSIM_FAULT_HOURS", "1000"))
SEED = int(os.environ.get("KFSIM_FAULT_SEED", "2"))


@pytest.mark.timeout(1800)
def test_a_cluster_survives_random_faults() -> None:
    report = run_faults(SEED, hours=HOURS)
    # A run in which little happened shows little.
    assert report.lives > HOURS / 20
    assert report.ends["answered"] > HOURS
    if HOURS >= 100:
        assert set(report.mishaps) == {each.name for each in MISHAPS}
    # Each end was judged as it came (`faults.verdicts`); these are all that there can be.
    assert {end.partition(" ")[0] for end in report.ends} <= {
        "answered",
        "hung",
        "cut",
        "404",
        "502",
        "503",
        "504",
    }


@pytest.mark.timeout(120)
def test_a_seed_is_a_run_whatever_the_hash_seed() -> None:
    first, second = (_digest(hash_seed) for hash_seed in ("1", "2"))
    assert first == second
    assert str(run_faults(7, hours=13)) == first


def _digest(hash_seed: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "kfsim.simulation.faults", "--seed", "7", "--hours", "13"],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()
