"""The kinds of one store: those that kfsim acts on, those it keeps, and those that CRDs define.

`scheme.KINDS` never change; a CRD of one of them is kept and changes nothing. A CRD of a kind of
the table of kept kinds adds the versions it serves.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Protocol

from kfsim.api import scheme
from kfsim.api.definitions import defined_kind
from kfsim.api.kept_kinds import KeptKind, kept_kinds, resource_of
from kfsim.api.scheme import ResourceKind


class KindNames(Protocol):
    """What discovery shows of a kind."""

    @property
    def served(self) -> tuple[str, ...]: ...
    @property
    def group(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def singular(self) -> str: ...
    @property
    def plural(self) -> str: ...
    @property
    def namespaced(self) -> bool: ...
    @property
    def short_names(self) -> tuple[str, ...]: ...
    @property
    def categories(self) -> tuple[str, ...]: ...
    @property
    def has_status(self) -> bool: ...
    @property
    def simulated(self) -> bool: ...


class KindRegistry:
    """Looks kinds up by type and by REST path; CRDs come and go."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], KeptKind] = {
            (row.group, row.kind): row for row in kept_kinds()
        }
        self._defined: dict[str, KeptKind] = {}

    def all(self) -> Iterator[KindNames]:
        """Kubernetes' own groups first, as a cluster lists them: where two groups share a short
        name, clients take the first."""
        rows = list(self._rows())
        yield from (kind for kind in scheme.KINDS if not kind.custom)
        yield from (row for row in rows if not row.custom)
        yield from (kind for kind in scheme.KINDS if kind.custom)
        yield from (row for row in rows if row.custom)

    def find_kind(self, api_version: str, kind: str) -> ResourceKind | None:
        """The kind that a manifest's apiVersion and kind name."""
        found = scheme.find_kind(api_version, kind)
        if found is not None:
            return found
        row = self._row(scheme.group_of(api_version), kind)
        return resource_of(row) if row is not None and api_version in row.served else None

    def find_resource(self, api_version: str, plural: str) -> ResourceKind | None:
        """The kind that a REST path's apiVersion and plural name."""
        found = scheme.find_resource(api_version, plural)
        if found is not None:
            return found
        for row in self._rows():
            if row.plural == plural and api_version in row.served:
                return resource_of(row)
        return None

    def define(self, definition: dict[str, Any]) -> None:
        """Serve what a stored CRD defines."""
        row = defined_kind(definition)
        if row is None or _is_simulated(row.group, row.kind):
            return
        known = self._kept.get((row.group, row.kind))
        if known is not None:
            row = replace(known, served=tuple(dict.fromkeys((*known.served, *row.served))))
        self._defined[definition["metadata"]["name"]] = row

    def forget(self, name: str) -> ResourceKind | None:
        """Serve no more what the CRD of this name defined; returns that kind."""
        row = self._defined.pop(name, None)
        return None if row is None else resource_of(row)

    def _row(self, group: str, kind: str) -> KeptKind | None:
        for row in self._defined.values():
            if (row.group, row.kind) == (group, kind):
                return row
        return self._kept.get((group, kind))

    def _rows(self) -> Iterator[KeptKind]:
        defined = {(row.group, row.kind): row for row in self._defined.values()}
        yield from (defined.get(key, row) for key, row in self._kept.items())
        yield from (row for key, row in defined.items() if key not in self._kept)


def is_simulated_group(group: str) -> bool:
    """Whether kfsim acts on kinds of this group."""
    kinds: list[KindNames] = [*scheme.KINDS, *kept_kinds()]
    return any(
        kind.simulated and group == scheme.group_of(version)
        for kind in kinds
        for version in kind.served
    )


def _is_simulated(group: str, kind: str) -> bool:
    return any(
        kind == known.kind and group == scheme.group_of(version)
        for known in scheme.KINDS
        for version in known.served
    )
