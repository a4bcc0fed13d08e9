"""Kinds that are kept as given and acted on by nothing: whole manifests can be applied.

A `KeptKind` is a row of `data/kept_kinds.tsv`, or what a CustomResourceDefinition of the user's
defines (`definitions`). It is names only; the model, which is what costs time and memory, is made
when the first object of the kind is written or asked for.
"""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, ClassVar, Final

from pydantic import ConfigDict

from kfsim.api.meta import Object
from kfsim.api.scheme import ResourceKind, group_of, is_custom_group, remember_kind

CUSTOM_RESOURCE_DEFINITION: Final = "CustomResourceDefinition"


class KeptObject(Object):
    """Metadata is checked as everywhere; every other field is kept as it came."""

    model_config = ConfigDict(extra="allow", defer_build=True)

    def __eq__(self, other: object) -> bool:
        """By fields, those that no model names included."""
        same = super().__eq__(other)
        if same is not True or not isinstance(other, KeptObject):
            return same
        return self.__pydantic_extra__ == other.__pydantic_extra__

    __hash__ = Object.__hash__


class KeptObjectWithSpec(KeptObject):
    """The same, for kinds whose generation counts the changes of a spec."""

    spec: Any = None
    status: Any = None


@dataclass(frozen=True, slots=True)
class KeptKind:
    """The names of one such kind; `acts` marks one that has an effect here all the same."""

    served: tuple[str, ...]
    kind: str
    plural: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    has_spec: bool = True
    has_status: bool = True
    acts: bool = False

    @property
    def api_version(self) -> str:
        """The stored one."""
        return self.served[0]

    @property
    def group(self) -> str:
        return group_of(self.api_version)

    @property
    def singular(self) -> str:
        return self.kind.lower()

    @property
    def custom(self) -> bool:
        return is_custom_group(self.group)

    @property
    def simulated(self) -> bool:
        return self.acts


@cache
def kept_kinds() -> tuple[KeptKind, ...]:
    """The rows of the table; read once."""
    table = resources.files("kfsim.api").joinpath("data", "kept_kinds.tsv")
    lines = table.read_text(encoding="utf-8").splitlines()
    return tuple(_parse_row(line) for line in lines if line and not line.startswith("#"))


def _parse_row(line: str) -> KeptKind:
    columns = [*line.split("\t"), "", ""]
    served, kind, plural, scope, short_names, traits = columns[:6]
    return KeptKind(
        served=tuple(served.split(",")),
        kind=kind,
        plural=plural,
        namespaced=scope == "n",
        short_names=tuple(filter(None, short_names.split(","))),
        categories=("all",) if "all" in traits.split(",") else (),
        has_spec="nospec" not in traits.split(","),
        has_status="nostatus" not in traits.split(","),
        acts="acts" in traits.split(","),
    )


@cache
def resource_of(row: KeptKind) -> ResourceKind:
    """The registration of a kept kind, with the model that its objects have."""
    stored, *others = row.served
    resource = ResourceKind(
        _model_of(stored, row.kind, has_spec=row.has_spec),
        row.plural,
        namespaced=row.namespaced,
        short_names=row.short_names,
        categories=row.categories,
        also_served=tuple(others),
        has_status=row.has_status,
        simulated=row.simulated,
    )
    remember_kind(resource)
    return resource


@cache
def _model_of(api_version: str, kind: str, *, has_spec: bool) -> type[Object]:
    base = KeptObjectWithSpec if has_spec else KeptObject
    names = {"API_VERSION": api_version, "KIND": kind, "__module__": __name__}
    annotations = {"API_VERSION": ClassVar[str], "KIND": ClassVar[str]}
    return type(kind, (base,), {**names, "__annotations__": annotations})


def not_simulated(api_version: str, kind: str) -> str:
    """What a user is told of an object of a kept kind."""
    return f"{api_version} {kind} is kept but not simulated: nothing acts on it"
