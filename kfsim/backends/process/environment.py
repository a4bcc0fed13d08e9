"""A process's environment.

The daemon's own environment does not reach replicas, except for the few names that make programs
run at all.
"""

from pathlib import Path

from kfsim.backends.process.children import MARKER
from kfsim.backends.process.tools import passed_on, search_path

TERMINATION_LOG = "KFSIM_TERMINATION_LOG"


def make_base_environment(*, folder: Path, pod_name: str, marker: str) -> dict[str, str]:
    """What every replica's process has."""
    return passed_on() | {
        "PATH": search_path(),
        "HOME": str(folder),
        "TMPDIR": str(folder / "tmp"),
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "HOSTNAME": pod_name,
        MARKER: marker,
    }
