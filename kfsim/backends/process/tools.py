"""What supervisor and template run in: the daemon's own tools, not replicas.

Imported before anything heavy, because the supervisor is started before anything heavy.
"""

import os
import sys
from pathlib import Path

PACKAGE_ROOT = Path(__file__).resolve().parents[3]
_PASSED_ON = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZ")


def passed_on() -> dict[str, str]:
    """The few variables of the daemon that make programs run at all."""
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}


def search_path() -> str:
    """PATH for replicas: kfsim's own interpreter first, so that `python` has its packages."""
    own = str(Path(sys.executable).parent)
    return os.pathsep.join((own, os.environ.get("PATH", os.defpath)))


def make_tool_environment() -> dict[str, str]:
    """For supervisor and template: they must find kfsim, and import without starting threads."""
    single = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    return passed_on() | {
        "PATH": search_path(),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(PACKAGE_ROOT),
        **dict.fromkeys(single, "1"),
    }
