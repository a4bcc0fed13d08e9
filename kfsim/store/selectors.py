"""labelSelector and fieldSelector texts (apimachinery pkg/labels and pkg/fields).

Labels: `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`, joined by commas.
Fields: `path=value`, `path==value`, `path!=value`, joined by commas; which paths a kind supports is
the caller's matter. A label that is missing satisfies `!=` and `notin`, as upstream.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from kfsim.base.errors import BadRequest


class Operator(StrEnum):
    IN = "in"
    NOT_IN = "notin"
    EXISTS = "exists"
    NOT_EXISTS = "!"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One comma-separated part of a label selector."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        value = labels.get(self.key)
        if self.operator is Operator.IN:
            return value is not None and value in self.values
        if self.operator is Operator.NOT_IN:
            return value is None or value not in self.values
        return (value is not None) == (self.operator is Operator.EXISTS)


@dataclass(frozen=True, slots=True)
class LabelSelection:
    """All requirements must match; none match everything."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        return all(requirement.matches(labels) for requirement in self.requirements)


@dataclass(frozen=True, slots=True)
class FieldRequirement:
    path: str
    value: str
    equal: bool = True


@dataclass(frozen=True, slots=True)
class FieldSelection:
    """All requirements must match; `read` gives the text of a path, "" for an absent field."""

    requirements: tuple[FieldRequirement, ...] = ()

    def matches(self, read: Callable[[str], str]) -> bool:
        return all((read(part.path) == part.value) == part.equal for part in self.requirements)


_NAME: Final = r"[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?"
_KEY: Final = rf"(?:{_NAME}/)?{_NAME}"
_LABEL_PART: Final = re.compile(
    rf"\s*(?:(?P<absent>!)\s*(?P<absent_key>{_KEY})"
    rf"|(?P<key>{_KEY})(?:\s*(?P<equals>==|=|!=)\s*(?P<value>(?:{_NAME})?)"
    rf"|\s+(?P<set>in|notin)\s*\((?P<values>[^()]*)\))?)\s*(?:,|$)"
)
_VALUE: Final = re.compile(rf"(?:{_NAME})?")


def parse_labels(text: str) -> LabelSelection:
    """Raises BadRequest, naming where the text stops making sense."""
    requirements: list[Requirement] = []
    position = 0
    while position < len(text):
        match = _LABEL_PART.match(text, position)
        if match is None or (match.end() == len(text) and text.endswith(",")):
            raise BadRequest(
                f'unable to parse labelSelector "{text}": found "{text[position:]}"; expected '
                "parts such as a=b, a!=b, a in (b,c), a notin (b), a, !a, joined by commas"
            )
        requirements.append(_make_requirement(match, text))
        position = match.end()
    return LabelSelection(tuple(requirements))


def _make_requirement(match: re.Match[str], text: str) -> Requirement:
    if match["absent"]:
        return Requirement(match["absent_key"], Operator.NOT_EXISTS)
    if match["equals"]:
        operator = Operator.NOT_IN if match["equals"] == "!=" else Operator.IN
        return Requirement(match["key"], operator, (match["value"],))
    if match["set"]:
        values = tuple(sorted({value.strip() for value in match["values"].split(",")}))
        for value in values:
            if not _VALUE.fullmatch(value):
                raise BadRequest(
                    f'unable to parse labelSelector "{text}": "{value}" is not a label value'
                )
        return Requirement(match["key"], Operator(match["set"]), values)
    return Requirement(match["key"], Operator.EXISTS)


def parse_fields(text: str) -> FieldSelection:
    """Raises BadRequest. Backslash escapes `,`, `=` and itself in a value."""
    requirements = []
    for part in re.split(r"(?<!\\),", text):
        if not part:
            continue
        match = re.fullmatch(r"\s*([^=!\s]+?)\s*(==|=|!=)(.*)", part, re.DOTALL)
        if match is None:
            raise BadRequest(
                f"invalid field selector {text!r}: found {part!r}; expected PATH=VALUE or "
                "PATH!=VALUE, joined by commas"
            )
        value = re.sub(r"\\([\\,=])", r"\1", match[3])
        requirements.append(FieldRequirement(match[1], value, match[2] != "!="))
    return FieldSelection(tuple(requirements))
