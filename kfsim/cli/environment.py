"""The variables that point other tools at a daemon, as lines for a shell to evaluate (pure).

INGRESS_HOST and INGRESS_PORT are what KServe's documentation puts into its curl lines,
KSERVE_INGRESS_HOST_PORT what KServe's own Python tests read, KUBECONFIG what kubectl and the SDKs
read.
"""

import shlex
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

NAMES: Final = ("INGRESS_HOST", "INGRESS_PORT", "KSERVE_INGRESS_HOST_PORT", "KUBECONFIG")


class Shell(StrEnum):
    """Whose syntax; `sh` is also bash's, zsh's and dash's."""

    SH = "sh"
    FISH = "fish"


def make_variables(*, gateway: str, kubeconfig: str) -> dict[str, str]:
    """For a gateway at HOST:PORT; an IPv6 host keeps its brackets, as URLs want it."""
    host, _, port = gateway.rpartition(":")
    return dict(zip(NAMES, (host, port, gateway, kubeconfig), strict=True))


def format_exports(variables: Mapping[str, str], shell: Shell) -> str:
    """A line for each variable that sets and exports it."""
    if shell is Shell.FISH:
        return "\n".join(f"set -gx {name} {_fish_quote(v)};" for name, v in variables.items())
    return "\n".join(f"export {name}={shlex.quote(v)};" for name, v in variables.items())


def format_unsets(shell: Shell) -> str:
    """A line for each variable that takes it away."""
    if shell is Shell.FISH:
        return "\n".join(f"set -eg {name};" for name in NAMES)
    return "\n".join(f"unset {name};" for name in NAMES)


def _fish_quote(text: str) -> str:
    """Single quotes, in which fish knows two escapes."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
