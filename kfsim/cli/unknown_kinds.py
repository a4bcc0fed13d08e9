"""Kinds that the server does not have: typing mistakes, and what belongs to other software (pure).

In a group in which kfsim acts on something, an unknown kind is a mistake. Elsewhere it belongs to
software that is not simulated, and the document is skipped with a note: a cluster would have that
software's CRDs.
"""

import difflib
from collections.abc import Iterable

from kfsim.base.errors import NotFound

Type = tuple[str, str]
"""apiVersion and kind."""


class ForeignKind(NotFound):
    """A kind of other software; `note` is what to tell where the document is skipped for it."""

    def __init__(self, api_version: str, kind: str) -> None:
        super().__init__(no_match(api_version, kind))
        self.note = (
            f"{api_version} {kind} is not simulated, and no CustomResourceDefinition of it was "
            "applied: skipped"
        )


def no_match(api_version: str, kind: str) -> str:
    """kubectl's words."""
    return (
        f'no matches for kind "{kind}" in version "{api_version}"\nensure CRDs are installed first'
    )


def describe_unknown(api_version: str, kind: str, served: Iterable[Type]) -> str:
    """What is unknown, with the nearest name or version that is served."""
    types = list(served)
    text = f"kfsim does not know {kind} in {api_version}"
    group = api_version.rpartition("/")[0]
    names = {name.lower(): name for version, name in types if version.rpartition("/")[0] == group}
    near = difflib.get_close_matches(kind.lower(), names, n=1, cutoff=0.9)
    if near and names[near[0]] != kind:
        return f"{text}; did you mean {names[near[0]]}?"
    versions = [version for version, name in types if name == kind]
    same = [version for version in versions if version.rpartition("/")[0] == group]
    close = same or difflib.get_close_matches(api_version, versions, n=1, cutoff=0.8)
    return f"{text}; did you mean {close[0]}?" if close else text


def make_unknown(
    api_version: str, kind: str, *, served: Iterable[Type], simulated_groups: set[str], strict: bool
) -> NotFound:
    """The error for an unknown kind; a ForeignKind where the document may be skipped."""
    if api_version.rpartition("/")[0] in simulated_groups:
        return NotFound(describe_unknown(api_version, kind, served))
    return NotFound(no_match(api_version, kind)) if strict else ForeignKind(api_version, kind)
