"""Query parameters and Accept headers, read once into values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import orjson

from kfsim.api.decoding import FieldValidation
from kfsim.base.errors import BadRequest
from kfsim.store import Entry
from kfsim.store.selectors import FieldSelection, LabelSelection, parse_fields, parse_labels

_EVENT_FIELDS: Final = (
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type",
)
_FIELDS_BY_KIND: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("v1", "Event"): _EVENT_FIELDS,
    ("v1", "Pod"): (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.serviceAccountName",
        "status.phase",
        "status.podIP",
    ),
    ("v1", "Namespace"): ("status.phase",),
    ("v1", "Secret"): ("type",),
}


@dataclass(frozen=True, slots=True)
class Selection:
    """Which entries of a kind a list, watch or delete of a collection is about."""

    namespace: str | None
    labels: LabelSelection
    fields: FieldSelection

    def filter(self, entries: list[Entry]) -> list[Entry]:
        """The matching ones of entries that are of the namespace already."""
        if not self.labels.requirements and not self.fields.requirements:
            return entries  # thousands of objects: the loop has no time to look at each
        return [entry for entry in entries if self.matches(entry)]

    def matches(self, entry: Entry) -> bool:
        if self.namespace is not None and entry.namespace != self.namespace:
            return False
        if not self.labels.matches(entry.labels):
            return False
        return not self.fields.requirements or self.fields.matches(_field_reader(entry))


def parse_selection(
    api_version: str, kind: str, namespace: str | None, query: Mapping[str, str]
) -> Selection:
    """Raises BadRequest for malformed selectors and for fields that the kind does not offer."""
    fields = parse_fields(query.get("fieldSelector", ""))
    offered = ("metadata.name", "metadata.namespace", *_FIELDS_BY_KIND.get((api_version, kind), ()))
    for requirement in fields.requirements:
        if requirement.path not in offered:
            raise BadRequest(
                f"field label not supported: {requirement.path}; {kind} offers {', '.join(offered)}"
            )
    return Selection(namespace, parse_labels(query.get("labelSelector", "")), fields)


def _field_reader(entry: Entry) -> Callable[[str], str]:
    decoded: dict[str, Any] = {}

    def read(path: str) -> str:
        if path == "metadata.name":
            return entry.name
        if path == "metadata.namespace":
            return entry.namespace
        if not decoded:
            decoded.update(orjson.loads(entry.raw))
        if path == "source":
            path = "source.component"
        value: Any = decoded
        for step in path.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        return "" if value is None else str(value)

    return read


def parse_validation(query: Mapping[str, str]) -> FieldValidation:
    text = query.get("fieldValidation", "")
    try:
        return FieldValidation(text) if text else FieldValidation.WARN
    except ValueError as error:
        raise BadRequest(
            f'invalid fieldValidation "{text}": expected Strict, Warn or Ignore'
        ) from error


def parse_dry_run(query: Mapping[str, str]) -> bool:
    text = query.get("dryRun")
    if text not in (None, "All"):
        raise BadRequest(f'invalid dryRun "{text}": expected All')
    return text == "All"


def parse_flag(query: Mapping[str, str], name: str) -> bool:
    return query.get(name, "").lower() in ("1", "true", "t")


def parse_number(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name, "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit():
        raise BadRequest(f'invalid {name} "{text}": expected a whole number')
    return int(text)


class Form(StrEnum):
    """How objects are returned."""

    OBJECT = "Object"
    TABLE = "Table"


def parse_form(accept: str) -> Form:
    """The first form of an Accept header that can be given; anything unknown gives objects."""
    for offer in accept.split(","):
        media, *parameters = (part.strip() for part in offer.split(";"))
        values = dict(part.partition("=")[::2] for part in parameters)
        if media != "application/json" or values.get("as", "Object") == "Object":
            if media == "application/json":
                return Form.OBJECT
            continue
        if (values["as"], values.get("g"), values.get("v")) == ("Table", "meta.k8s.io", "v1"):
            return Form.TABLE
    return Form.OBJECT
