"""metav1.Table: rows of cells computed here, so that every client prints the same columns."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import orjson

from kfsim.api.scheme import ResourceKind
from kfsim.kubeapi.columns import AGE, NAME, Column
from kfsim.kubeapi.columns_core import CORE_COLUMNS
from kfsim.kubeapi.columns_custom import CUSTOM_COLUMNS
from kfsim.kubeapi.encoding import convert
from kfsim.store import Entry

_ROWS_PER_CHUNK: Final = 32


def columns_of(resource: ResourceKind, api_version: str = "") -> tuple[Column, ...]:
    """The columns of a kind; name and age where it has none of its own.

    `api_version` matters where it has fields of its own.
    """
    name = resource.resource
    if api_version in resource.conversions:
        name = f"{resource.plural}.{api_version}"
    return CORE_COLUMNS.get(name) or CUSTOM_COLUMNS.get(name) or (NAME, AGE)


class TableWriter:
    """Writes tables of one kind. `include` is what each row carries: None, Metadata, Object."""

    def __init__(
        self, resource: ResourceKind, api_version: str, *, wall: float, include: str
    ) -> None:
        self._columns = columns_of(resource, api_version)
        self._resource = resource
        self._api_version = api_version
        self._wall = wall
        self._include = include

    def table(self, entries: Sequence[Entry], resource_version: int) -> Iterator[bytes]:
        """One Table in chunks of a few rows; the caller yields to the loop between them."""
        definitions = [
            {
                "name": column.name,
                "type": column.type,
                "format": column.format,
                "description": "",
                "priority": column.priority,
            }
            for column in self._columns
        ]
        head = (
            b'{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"%d"},'
            b'"columnDefinitions":%b,"rows":[' % (resource_version, orjson.dumps(definitions))
        )
        parts = [head]
        for number, entry in enumerate(entries):
            if number and number % _ROWS_PER_CHUNK == 0:
                yield b"".join(parts)
                parts.clear()
            if number:
                parts.append(b",")
            parts.append(orjson.dumps(self._row(entry)))
        parts.append(b"]}\n")
        yield b"".join(parts)

    def _row(self, entry: Entry) -> dict[str, Any]:
        obj = convert(self._resource, orjson.loads(entry.raw), self._api_version)
        row: dict[str, Any] = {"cells": [column.cell(obj, self._wall) for column in self._columns]}
        if self._include == "Metadata":
            row["object"] = {
                "kind": "PartialObjectMetadata",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": obj["metadata"],
            }
        elif self._include == "Object":
            row["object"] = obj
        return row
