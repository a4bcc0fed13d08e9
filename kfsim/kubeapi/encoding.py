"""From stored bytes to response bytes, without decoding: the list envelope and served versions.

Stored bytes begin with the stored apiVersion (`meta.Object` has it first), so serving an object
under another apiVersion replaces a prefix, unless that version's fields differ (`api.conversion`).
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import orjson

from kfsim.api.scheme import ResourceKind
from kfsim.store import Entry

CHUNK_BYTES: Final = 64 * 1024


def encode_json(value: Any) -> bytes:
    """Any JSON-able value as bytes."""
    return orjson.dumps(value)


def encode_entry(entry: Entry, api_version: str) -> bytes:
    """One object as `api_version` serves it."""
    return encode_stored(entry.resource, entry.raw, api_version)


def encode_stored(resource: ResourceKind, raw: bytes, api_version: str) -> bytes:
    """An object's stored bytes as `api_version` serves them."""
    stored = resource.api_version
    if api_version == stored:
        return raw
    if api_version in resource.conversions:
        return encode_json(convert(resource, orjson.loads(raw), api_version))
    return raw.replace(_prefix(stored), _prefix(api_version), 1)


def convert(resource: ResourceKind, stored: dict[str, Any], api_version: str) -> dict[str, Any]:
    """A stored document as `api_version` serves it."""
    conversion = resource.conversions.get(api_version)
    if conversion is not None:
        return conversion.from_stored(stored)
    return {**stored, "apiVersion": api_version}


def _prefix(api_version: str) -> bytes:
    return b'{"apiVersion":"%b"' % api_version.encode()


def list_head(resource: ResourceKind, api_version: str, resource_version: int) -> bytes:
    return b'{"apiVersion":"%b","kind":"%bList","metadata":{"resourceVersion":"%d"},"items":[' % (
        api_version.encode(),
        resource.kind.encode(),
        resource_version,
    )


LIST_TAIL: Final = b"]}\n"


def encode_list(
    resource: ResourceKind, api_version: str, entries: Sequence[Entry], resource_version: int
) -> Iterator[bytes]:
    """A list object in chunks of some 64 KiB; the caller yields to the loop between them."""
    parts = [list_head(resource, api_version, resource_version)]
    size = 0
    separator = b""
    for entry in entries:
        raw = encode_entry(entry, api_version)
        parts += (separator, raw)
        separator = b","
        size += len(raw)
        if size >= CHUNK_BYTES:
            yield b"".join(parts)
            parts.clear()
            size = 0
    parts.append(LIST_TAIL)
    yield b"".join(parts)
