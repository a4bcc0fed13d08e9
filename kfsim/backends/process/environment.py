"""A process's environment, and Kubernetes' `$(NAME)` expansion.

The daemon's own environment does not reach replicas, except for the few names that make programs
run at all. Pods arrive with references (valueFrom, envFrom) resolved.
"""

import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from kfsim.api.core import EnvVar
from kfsim.backends.process.children import MARKER

PACKAGE_ROOT = Path(__file__).resolve().parents[3]
TERMINATION_LOG = "KFSIM_TERMINATION_LOG"
_PASSED_ON = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZ")
_REFERENCE = re.compile(r"\$\$|\$\(([^)]+)\)")


def expand(text: str, known: Mapping[str, str]) -> str:
    """Replace `$(NAME)` where the name is known, and `$$` by `$` (kubelet's expansion.go)."""
    if "$" not in text:
        return text

    def value(match: re.Match[str]) -> str:
        name = match[1]
        return "$" if name is None else known.get(name, match[0])

    return _REFERENCE.sub(value, text)


def search_path() -> str:
    """PATH for replicas: kfsim's own interpreter first, so that `python` has its packages."""
    own = str(Path(sys.executable).parent)
    return os.pathsep.join((own, os.environ.get("PATH", os.defpath)))


def make_base_environment(*, folder: Path, pod_name: str, marker: str) -> dict[str, str]:
    """What every replica's process has."""
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return passed_on | {
        "PATH": search_path(),
        "HOME": str(folder),
        "TMPDIR": str(folder / "tmp"),
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "HOSTNAME": pod_name,
        MARKER: marker,
    }


def make_tool_environment() -> dict[str, str]:
    """For supervisor and template: they must find kfsim, and import without starting threads."""
    single = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return passed_on | {
        "PATH": search_path(),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(PACKAGE_ROOT),
        **dict.fromkeys(single, "1"),
    }


def resolve_variables(env: Iterable[EnvVar], own: Mapping[str, str]) -> dict[str, str]:
    """The container's variables, in order; a value sees those before it, and kfsim's `own`."""
    known: dict[str, str] = dict(own)
    given: dict[str, str] = {}
    for variable in env:
        value = expand(variable.value or "", known)
        known[variable.name] = value
        given[variable.name] = value
    return given
