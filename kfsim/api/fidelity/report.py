"""Which fields of a document are honoured, substituted, ignored or refused. Pure.

The document is walked beside its kind's model. A field whose model has a table is descended into,
any other counts as one field: a probe, an environment. What identifies an object (apiVersion, kind,
name, namespace), what kfsim and kubectl add to it, and its status are no fields of the user's.

What happened at run time is laid over that: `apply_remark` changes the outcome of the fields that
it is about, or adds an entry where the user wrote no such field.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, Final

from pydantic import BaseModel

from kfsim.api.core import ConfigMap
from kfsim.api.decoding import model_in
from kfsim.api.fidelity.effects import Effect, Rule, Tables, When, tables_of
from kfsim.api.fidelity.table import CONFIG_MAPS, TABLES
from kfsim.api.kserve.keys import KFSIM_SOURCE, LAST_APPLIED
from kfsim.api.meta import Object

_IDENTITY: Final = ("name", "namespace", "generateName")
_BOOKKEEPING: Final = (KFSIM_SOURCE, LAST_APPLIED)
_NO_FIELDS: Final = ("apiVersion", "kind", "status")
_LONGEST_SHOWN: Final = 80


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one field; `written` is false for what the user's document does not say."""

    field: str
    effect: Effect
    why: str = ""
    asked: str = ""
    given: str = ""
    written: bool = True


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that happened at run time below `prefix`; `field` is the end of the path that it is
    about, empty for `prefix` itself."""

    prefix: str
    field: str
    effect: Effect
    why: str
    asked: str = ""
    given: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`conditions` by the path of what runs below it (`spec.predictor`); those of the longest path
    hold."""

    conditions: Mapping[str, frozenset[When]]
    everywhere: frozenset[When] = frozenset()

    def at(self, path: str) -> frozenset[When]:
        around = [each for each in self.conditions if is_below(path, each)]
        own = self.conditions[max(around, key=len)] if around else frozenset()
        return frozenset((When.ALWAYS,)) | self.everywhere | own


def classify(
    model: type[Object], document: Mapping[str, Any], surroundings: Surroundings
) -> tuple[Outcome, ...]:
    """The outcome of every field of the document, in its order."""
    if model is ConfigMap and (known := _config_map(document)):
        return known
    return tuple(_Walk(surroundings, TABLES).members(model, document, ""))


def has_unknown_fields(model: type[Object], document: Mapping[str, Any]) -> bool:
    """Whether the spec is of another version than the model."""
    spec = document.get("spec")
    below = _models_below(model).get("spec")
    if below is None or not isinstance(spec, Mapping):
        return False
    return not spec.keys() <= _models_below(below).keys()


def apply_remark(outcomes: Sequence[Outcome], remark: Remark) -> tuple[Outcome, ...]:
    """The outcomes with what the remark says laid over them."""
    touched = [each.field for each in outcomes if _is_about(each.field, remark)]
    if not touched:
        added = Outcome(
            remark.prefix or remark.field,
            remark.effect,
            remark.why,
            asked=remark.asked,
            given=remark.given,
            written=False,
        )
        return (*outcomes, added) if added not in outcomes else tuple(outcomes)
    return tuple(
        replace(
            each,
            effect=remark.effect,
            why=remark.why,
            asked=remark.asked or each.asked,
            given=remark.given,
        )
        if each.field in touched
        else each
        for each in outcomes
    )


def is_below(path: str, prefix: str) -> bool:
    """Whether `prefix` is the path, or one on the way to it."""
    return path == prefix or path.startswith((f"{prefix}.", f"{prefix}["))


def shown(value: Any) -> str:
    """A value as a report names it; long ones and lists are cut short."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


def _is_about(path: str, remark: Remark) -> bool:
    if not is_below(path, remark.prefix):
        return False
    if not remark.field:
        return path == remark.prefix
    return path.endswith(f".{remark.field}") or f".{remark.field}." in path


@dataclass(frozen=True, slots=True)
class _Walk:
    surroundings: Surroundings
    tables: Tables

    def members(
        self, model: type[BaseModel], data: Mapping[str, Any], path: str
    ) -> Iterator[Outcome]:
        models = _models_below(model)
        for name, value in data.items():
            if value is None or _is_no_field(path, name):
                continue
            place = _join(path, name)
            rule = self._find(model, name, data, place)
            if rule is not None:
                yield _outcome(place, value, rule)
            elif isinstance(value, Mapping) and self._looks_below(model, name):
                yield from self._keys(model, name, value, place)
            else:
                yield from self._value(models.get(name), value, place)

    def _value(self, below: type[BaseModel] | None, value: Any, place: str) -> Iterator[Outcome]:
        if below is None or not self._is_walked(below):
            yield Outcome(place, Effect.HONOURED)
        elif isinstance(value, Mapping):
            yield from self.members(below, value, place)
        else:
            for index, item in enumerate(value if isinstance(value, list) else ()):
                yield from self.members(below, item, f"{place}[{index}]")

    def _keys(
        self, model: type[BaseModel], name: str, value: Mapping[str, Any], place: str
    ) -> Iterator[Outcome]:
        for key, inner in value.items():
            if key in _BOOKKEEPING:
                continue
            rule = self._find(model, f"{name}.{key}", {f"{name}.{key}": inner}, place)
            where = _join(place, key)
            yield Outcome(where, Effect.HONOURED) if rule is None else _outcome(where, inner, rule)

    def _find(
        self, model: type[BaseModel], name: str, data: Mapping[str, Any], place: str
    ) -> Rule | None:
        conditions = self.surroundings.at(place)
        found = (
            each.find(name, data[name], siblings=data, conditions=conditions)
            for each in tables_of(model, self.tables)
        )
        return next((rule for rule in found if rule is not None), None)

    def _looks_below(self, model: type[BaseModel], name: str) -> bool:
        return any(table.looks_below(name) for table in tables_of(model, self.tables))

    def _is_walked(self, model: type[BaseModel]) -> bool:
        """Objects' own models have no table where their spec has one."""
        return bool(tables_of(model, self.tables))


def _outcome(place: str, value: Any, rule: Rule) -> Outcome:
    asked = shown(value) if rule.effect is Effect.SUBSTITUTED and not _is_large(value) else ""
    return Outcome(place, rule.effect, rule.why, asked=asked, given=rule.given)


def _is_large(value: Any) -> bool:
    return isinstance(value, Mapping | list)


@cache
def _models_below(model: type[BaseModel]) -> Mapping[str, type[BaseModel] | None]:
    """The models inside a model's fields, by wire name; None for plain values."""
    return {
        field.alias or name: model_in(field.annotation)
        for name, field in model.model_fields.items()
    }


def _is_no_field(path: str, name: str) -> bool:
    return name in (_NO_FIELDS if not path else ()) or (path == "metadata" and name in _IDENTITY)


def _join(path: str, key: str) -> str:
    if "." in key or "/" in key:
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key


def _config_map(document: Mapping[str, Any]) -> tuple[Outcome, ...]:
    """Empty for one that is none of the cluster's own, or is read whole."""
    name = str((document.get("metadata") or {}).get("name", ""))
    read = CONFIG_MAPS.get(name)
    if read is None:
        return ()
    why = f"kfsim does not read it of {name}" if read else f"kfsim does not read {name}"
    return tuple(
        Outcome(_join("data", key), Effect.HONOURED)
        if any(fnmatchcase(key, each) for each in (*read, "_example"))
        else Outcome(_join("data", key), Effect.IGNORED, why)
        for key in document.get("data") or {}
    )
