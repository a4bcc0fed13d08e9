"""What becomes of a field that a user may write. The data is in `effects_table`.

Every model that the fidelity report descends into has a `FieldTable`, which names each of its own
fields once: as honoured, or in a `Rule`. Honoured means that the field does what it does on a
cluster. Rules may also speak of keys below a field (`limits.cpu`, with `*` for any), and may hold
under a condition only: what runs the containers, how GPUs are simulated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from pydantic import BaseModel


class Effect(StrEnum):
    """The words of the report."""

    HONOURED = "honoured"
    SUBSTITUTED = "substituted"
    IGNORED = "ignored"
    REFUSED = "refused"


class When(StrEnum):
    """Where a rule holds; the words are those of the documentation."""

    ALWAYS = "always"
    LENIENT = "without --strict"
    PROCESS = "as a process"
    FAKE_GPUS = "with gpu: fake"
    NO_GPUS = "with gpu: ignore"


@dataclass(frozen=True, slots=True)
class Rule:
    """`fields` in wire spelling. A value in `unless` loses nothing; where there is an `only`, the
    rule is about those values alone. A rule is void beside the field and value of `void_beside`.
    `given` says what a substituted field gets instead."""

    fields: tuple[str, ...]
    effect: Effect
    why: str
    when: When = When.ALWAYS
    unless: tuple[Any, ...] = ()
    only: tuple[Any, ...] = ()
    given: str = ""
    void_beside: tuple[str, Any] | None = None

    def covers(
        self, name: str, value: Any, *, siblings: Mapping[str, Any], conditions: frozenset[When]
    ) -> bool:
        return (
            self.when in conditions
            and self._names(name)
            and not _is_in(value, self.unless)
            and (not self.only or _is_in(value, self.only))
            and (self.void_beside is None or self.void_beside not in siblings.items())
        )

    def _names(self, name: str) -> bool:
        return name in self.fields or any(
            "*" in pattern and fnmatchcase(name, pattern) for pattern in self.fields
        )


def _is_in(value: Any, values: Sequence[Any]) -> bool:
    return any(type(value) is type(each) and value == each for each in values)


@dataclass(frozen=True, slots=True)
class FieldTable:
    """A model's own fields; those that it inherits are in the tables of its bases."""

    model: type[BaseModel]
    honoured: tuple[str, ...]
    rules: tuple[Rule, ...] = ()

    def find(
        self, name: str, value: Any, *, siblings: Mapping[str, Any], conditions: frozenset[When]
    ) -> Rule | None:
        """The first rule about a field, or about a key below one; `siblings` are what is written
        beside it, itself included."""
        return next(
            (
                rule
                for rule in self.rules
                if rule.covers(name, value, siblings=siblings, conditions=conditions)
            ),
            None,
        )

    def looks_below(self, name: str) -> bool:
        """Whether some rule is about keys of this field."""
        return any(each.startswith(f"{name}.") for rule in self.rules for each in rule.fields)


@dataclass(frozen=True, slots=True)
class NoteRule:
    """What an Event says about fidelity; `field` is the end of the path that it is about.

    Where the message has the details, `pattern` finds them in it: groups `key` (what follows the
    field), `asked` and `given`.
    """

    effect: Effect
    field: str
    pattern: str = ""


Tables = Mapping[type[BaseModel], FieldTable]


def tables_of(model: type[BaseModel], tables: Tables) -> tuple[FieldTable, ...]:
    """The tables of a model and its bases; empty for one that is not descended into."""
    return tuple(tables[base] for base in model.__mro__ if base in tables)
