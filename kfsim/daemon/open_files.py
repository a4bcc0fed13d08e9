"""How many files this process may have open, and how many client connections that is good for.

A connection takes one file, and one more while a replica works for it. As Go programs do, which
Knative's are, the soft limit is raised to the hard one at the start; processes of replicas do not
inherit that, because their supervisor is started before.
"""

import resource
from dataclasses import replace
from typing import Final

from kfsim.dataplane import Limits

_WANTED: Final = 65_536
# Journal, logs, listeners, the API's clients, and connections to replicas that rest.
_OTHERS: Final = 256
_FEWEST: Final = 16


def raise_open_files() -> int:
    """Raise the limit as far as it may and makes sense; returns what it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if soft == unlimited or soft >= _WANTED:
        return _WANTED if soft == unlimited else soft
    wanted = _WANTED if hard == unlimited else min(_WANTED, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):  # macOS allows less than it says
        return soft
    return wanted


def fit_connections(limits: Limits, open_files: int) -> Limits:
    """The limits, with no more connections than there may be files for."""
    most = max((open_files - _OTHERS) // 2, _FEWEST)
    return replace(limits, connections=most) if most < limits.connections else limits


def describe_fit(wanted: Limits, fitted: Limits, open_files: int) -> str | None:
    """What to tell the user whose kfsim.yaml asks for more."""
    if fitted.connections == wanted.connections or wanted.connections == Limits().connections:
        return None
    return (
        f"the gateway takes {fitted.connections} connections, not the {wanted.connections} of "
        f"limits.connections: this process may have {open_files} files open; raise ulimit -n"
    )
