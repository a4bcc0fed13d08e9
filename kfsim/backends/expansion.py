"""Kubernetes' `$(NAME)` expansion in environment, command and args.

Pods reach a backend with references (valueFrom, envFrom) resolved; what is left refers to variables
of the same container, or to the backend's own. Rules are kubelet's (third_party/forked/golang/
expansion): an unknown name stays as written, `$$` is a `$`.
"""

import re
from collections.abc import Iterable, Mapping

from kfsim.api.core import EnvVar

_REFERENCE = re.compile(r"\$\$|\$\(([^)]+)\)")


def expand(text: str, known: Mapping[str, str]) -> str:
    """Replace `$(NAME)` where the name is known, and `$$` by `$` (kubelet's expansion.go)."""
    if "$" not in text:
        return text

    def value(match: re.Match[str]) -> str:
        name = match[1]
        return "$" if name is None else known.get(name, match[0])

    return _REFERENCE.sub(value, text)


def unknown_names(text: str, known: Mapping[str, str]) -> tuple[str, ...]:
    """The names that `expand` would leave as written."""
    names = (match[1] for match in _REFERENCE.finditer(text))
    return tuple(name for name in names if name is not None and name not in known)


def resolve_variables(env: Iterable[EnvVar], own: Mapping[str, str]) -> dict[str, str]:
    """The container's variables, in order; a value sees those before it, and kfsim's `own`."""
    known: dict[str, str] = dict(own)
    given: dict[str, str] = {}
    for variable in env:
        value = expand(variable.value or "", known)
        known[variable.name] = value
        given[variable.name] = value
    return given
