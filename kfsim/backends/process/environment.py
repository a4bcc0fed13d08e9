"""A process's environment, and Kubernetes' `$(NAME)` expansion.

The daemon's own environment does not reach replicas, except for the few names that make programs
run at all. Pods arrive with references (valueFrom, envFrom) resolved.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from kfsim.api.core import EnvVar
from kfsim.backends.process.children import MARKER
from kfsim.backends.process.tools import passed_on, search_path

TERMINATION_LOG = "KFSIM_TERMINATION_LOG"
_REFERENCE = re.compile(r"\$\$|\$\(([^)]+)\)")


def expand(text: str, known: Mapping[str, str]) -> str:
    """Replace `$(NAME)` where the name is known, and `$$` by `$` (kubelet's expansion.go)."""
    if "$" not in text:
        return text

    def value(match: re.Match[str]) -> str:
        name = match[1]
        return "$" if name is None else known.get(name, match[0])

    return _REFERENCE.sub(value, text)


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


def resolve_variables(env: Iterable[EnvVar], own: Mapping[str, str]) -> dict[str, str]:
    """The container's variables, in order; a value sees those before it, and kfsim's `own`."""
    known: dict[str, str] = dict(own)
    given: dict[str, str] = {}
    for variable in env:
        value = expand(variable.value or "", known)
        known[variable.name] = value
        given[variable.name] = value
    return given
